#include "serve/model/served_model.h"

#include <algorithm>
#include <cmath>

namespace slipway::serve {
namespace {

/// Share of one request in the averages of what requests take.
constexpr double kWeightOfOne = 1.0 / 64;

/// The first value counts whole. Runs that end at one moment may overwrite each other's: they are
/// of one kind.
void Follow(std::atomic<std::int64_t>& average, std::int64_t value, double weight) {
  const std::int64_t before = average.load(std::memory_order_relaxed);
  const double change = (before == 0 ? 1 : weight) * static_cast<double>(value - before);
  average.store(before + std::llround(change), std::memory_order_relaxed);
}

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

void ServedModel::NoteRun(std::int64_t rows, std::size_t requests,
                          std::chrono::nanoseconds time) const {
  if (parts_.learns_batches) learner_.NoteRun(rows, time);
  if (requests == 0) return;
  const double weight = std::min(1.0, kWeightOfOne * static_cast<double>(requests));
  Follow(each_, time.count() / static_cast<std::int64_t>(requests), weight);
  Follow(run_, time.count(), weight);
}

ServedModel::Pace ServedModel::PaceOfLate() const {
  const std::int64_t each = each_.load(std::memory_order_relaxed);
  if (each == 0) return {.each = parts_.run_time, .run = parts_.run_time};
  return {.each = std::chrono::nanoseconds(each),
          .run = std::chrono::nanoseconds(run_.load(std::memory_order_relaxed))};
}

BatchProfile ServedModel::Batches() const {
  return parts_.learns_batches ? learner_.Profile() : parts_.batches;
}

}  // namespace slipway::serve
