#include "serve/model/served_model.h"

namespace slipway::serve {

std::string_view ModelStateName(ModelState state) {
  switch (state) {
    case ModelState::kPending:
      return "PENDING";
    case ModelState::kLoading:
      return "LOADING";
    case ModelState::kWarming:
      return "WARMING";
    case ModelState::kReady:
      return "READY";
    case ModelState::kFailed:
      return "FAILED";
    case ModelState::kUnloading:
      return "UNLOADING";
    case ModelState::kUnloaded:
      return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

BatchLearner::Plan ServedModel::PlanBatch(std::span<const std::int64_t> rows,
                                          std::chrono::nanoseconds longest) const {
  if (parts_.learns_batches) return learner_.Next(rows, longest);
  const BatchDecision decision = NextBatch(rows, parts_.batches, longest);
  return {.requests = decision.requests, .end = decision.end};
}

BatchProfile ServedModel::Batches() const {
  return parts_.learns_batches ? learner_.Profile() : parts_.batches;
}

}  // namespace slipway::serve
