#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "package/ensemble.h"

/// An ensemble of anybody's: it is refused, or reads the same after being written again, and every
/// step of its plan stands behind those that it reads from.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Json> json = ParseJson(text, {.max_depth = 16, .max_bytes = 1 << 20});
  if (!json.ok()) return 0;
  const Result<package::Ensemble> ensemble = package::EnsembleFromJson(*json, "ensemble");
  if (!ensemble.ok()) return 0;
  const auto again = package::EnsembleFromJson(Json(EnsembleToJson(*ensemble)), "ensemble");
  if (!again.ok() || *again != *ensemble) std::abort();

  const Signature signature{.inputs = {{.name = "image", .shape = {-1}}},
                            .outputs = {{.name = "score", .shape = {-1}}}};
  const Result<package::EnsemblePlan> plan = package::PlanEnsemble(*ensemble, signature);
  if (!plan.ok()) return 0;
  std::vector<bool> has_run(plan->steps.size());
  for (const std::size_t step : plan->order) {
    for (const std::size_t tensor : plan->steps[step].reads) {
      const std::size_t writer = plan->writers[tensor];
      if (writer != package::EnsemblePlan::kNone && !has_run[writer]) std::abort();
    }
    has_run[step] = true;
  }
  return 0;
}
