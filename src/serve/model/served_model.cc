#include "serve/model/served_model.h"

#include <algorithm>

namespace slipway::serve {
namespace {

/// Batches that were measured beyond the configured size are not formed.
BatchProfile Within(const BatchProfile& profile, std::int64_t most_rows) {
  std::vector<BatchProfile::Point> points;
  for (const BatchProfile::Point& point : profile.points()) {
    if (point.rows <= most_rows) points.push_back(point);
  }
  return points.empty() ? BatchProfile() : BatchProfile(std::move(points));
}

ServedModel::Parts WithinConfig(ServedModel::Parts parts) {
  if (parts.config.max_batch_size > 0)
    parts.batches = Within(parts.batches, parts.config.max_batch_size);
  return parts;
}

std::int64_t MostRows(const ModelConfig& config) {
  if (config.max_batch_size == 0) return BatchLearner::kMostRows;
  return std::min(config.max_batch_size, BatchLearner::kMostRows);
}

Signature ForClients(const ServedModel::Parts& parts) {
  Signature signature = parts.signature;
  if (!parts.config.sequence_batching) return signature;
  const SequenceBatching& sequences = *parts.config.sequence_batching;
  std::erase_if(signature.inputs, [&](const auto& spec) { return sequences.Fills(spec.name); });
  std::erase_if(signature.outputs, [&](const auto& spec) { return sequences.Keeps(spec.name); });
  return signature;
}

}  // namespace

ServedModel::ServedModel(Parts parts)
    : parts_(WithinConfig(std::move(parts))),
      client_signature_(ForClients(parts_)),
      learner_(MostRows(parts_.config),
               parts_.learns_batches ? parts_.measured_before : BatchProfile()) {}

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

std::string_view ServedModel::backend() const {
  if (parts_.ensemble != nullptr) return "";
  return std::string_view(parts_.platform).substr(0, parts_.platform.find('_'));
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
