#include "serve/model/served_ensemble.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::serve {
namespace {

Status MemberMissing(const package::EnsembleStep& step) {
  const std::string version =
      step.version ? fmt::format("version {} of ", *step.version) : std::string();
  return Unavailable(fmt::format("{}model \"{}\" is not loaded", version, step.model))
      .With(errors::kModelNotReady);
}

}  // namespace

Status NestedEnsemble() {
  return FailedPrecondition("an ensemble cannot be a step of another")
      .With(errors::kModelNotReady)
      .Hint("put its steps into the ensemble");
}

Status RemoteNotAllowed(const std::string& server) {
  const std::string name = Printable(server, 64);
  return FailedPrecondition(
             fmt::format("no server is called \"{}\" here: whoever starts this one names it with "
                         "--remote {}=URL",
                         name, name))
      .With(errors::kRemoteNotAllowed);
}

Status CheckMembers(const ServedModel& model, const ModelMap& loaded) {
  const ServedEnsemble& served = *model->ensemble;
  std::vector<ModelHandle> members;
  std::vector<const Signature*> signatures;
  for (std::size_t i = 0; i < served.ensemble.steps.size(); ++i) {
    const package::EnsembleStep& step = served.ensemble.steps[i];
    if (!step.server.empty()) {
      signatures.push_back(nullptr);
      continue;
    }
    const ModelHandle member =
        step.model.empty() ? served.own_graph : loaded.Find(step.model, step.version);
    if (member == nullptr) return MemberMissing(step).At(served.TitleOf(i));
    if ((*member)->ensemble != nullptr) return NestedEnsemble().At(served.TitleOf(i));
    members.push_back(member);
    signatures.push_back(&(*member)->signature);
  }
  return package::CheckEnsemble(served.ensemble, served.plan, model->signature, signatures);
}

}  // namespace slipway::serve
