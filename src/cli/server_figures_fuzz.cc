#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/server_figures.h"

/// A page that is read has as many counts as bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cli = slipway::cli;
  const auto figures = cli::ParseServerFigures({reinterpret_cast<const char*>(data), size});
  if (!figures.ok()) return 0;
  for (const cli::ModelFigures& model : figures->models) {
    if (model.upper_bounds.size() != model.answered.size()) std::abort();
    (void)cli::RatesBetween({}, model, 1);
  }
  return 0;
}
