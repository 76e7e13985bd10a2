#include "serve/ensemble/step_progress.h"

namespace slipway::serve {

using package::EnsemblePlan;

StepProgress::StepProgress(const EnsemblePlan& plan, std::span<const std::size_t> wanted)
    : plan_(plan),
      needed_(plan.StepsFor(wanted)),
      readers_left_(plan.tensors.size()),
      reads_left_(plan.steps.size()) {
  for (const std::size_t output : wanted) ++readers_left_[plan.outputs[output]];
  for (std::size_t step = 0; step < plan.steps.size(); ++step) {
    if (!needed_[step]) continue;
    ++unfinished_;
    for (const std::size_t tensor : plan.steps[step].reads) {
      ++readers_left_[tensor];
      if (plan.writers[tensor] != EnsemblePlan::kNone) ++reads_left_[step];
    }
  }
}

std::vector<std::size_t> StepProgress::FirstSteps() const {
  std::vector<std::size_t> first;
  for (const std::size_t step : plan_.order) {
    if (needed_[step] && reads_left_[step] == 0) first.push_back(step);
  }
  return first;
}

StepProgress::After StepProgress::Finish(std::size_t step) {
  After after;
  --unfinished_;
  for (const std::size_t tensor : plan_.steps[step].reads) {
    if (--readers_left_[tensor] == 0 && plan_.writers[tensor] != EnsemblePlan::kNone)
      after.unused.push_back(tensor);
  }
  for (const std::size_t next : plan_.order) {
    if (!needed_[next] || reads_left_[next] == 0) continue;
    for (const std::size_t tensor : plan_.steps[next].reads) {
      if (plan_.writers[tensor] == step) --reads_left_[next];
    }
    if (reads_left_[next] == 0) after.runnable.push_back(next);
  }
  return after;
}

}  // namespace slipway::serve
