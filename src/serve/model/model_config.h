#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/status.h"
#include "package/ensemble.h"
#include "serve/batch/batch_rules.h"
#include "serve/model/sequence_config.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// How long and in what number requests of one priority may wait.
struct QueuePolicy {
  enum class TimeoutAction : std::uint8_t {
    kReject,  ///< DeadlineExceeded
    kDelay,   ///< runs after everything of its level that has not expired
  };
  TimeoutAction timeout_action = TimeoutAction::kReject;
  std::chrono::microseconds default_timeout{0};  ///< of waiting, not of running; 0: none
  /// Shown again, and without effect: a request may always shorten its time, and what it sets
  /// always rejects.
  bool allow_timeout_override = false;
  std::uint32_t max_queue_size = 0;  ///< of this level; 0: the server's bound alone
  bool operator==(const QueuePolicy&) const = default;
};

struct DynamicBatching {
  std::vector<std::int64_t> preferred_batch_sizes;  ///< ascending
  std::chrono::microseconds max_queue_delay{0};
  std::uint32_t priority_levels = 0;   ///< 1 is served first; 0: priorities are ignored
  std::uint32_t default_priority = 0;  ///< of a request without one; 1 to priority_levels
  QueuePolicy default_policy;
  std::map<std::uint32_t, QueuePolicy> policies;  ///< of single levels
  bool operator==(const DynamicBatching&) const = default;
};

/// How a model is to be served, as its operator says in Triton's words. What is absent is decided
/// by measurement.
struct ModelConfig {
  static constexpr std::int64_t kMaxBatchSize = 1 << 20;
  static constexpr std::uint32_t kMaxPriorityLevels = 1000;
  static constexpr std::chrono::seconds kMaxQueueDelay{10};

  std::int64_t max_batch_size = 0;  ///< rows of a run, and of a request; 0: not bounded
  std::optional<DynamicBatching> dynamic_batching;
  std::optional<SequenceBatching> sequence_batching;
  bool response_cache = false;  ///< equal requests have equal answers, which may be kept
  std::optional<package::Ensemble> ensemble = {};  ///< steps in the place of an ensemble's own
  bool operator==(const ModelConfig&) const = default;
};

/// InvalidArgument (kRequestFieldInvalid): a batch size for a model whose tensors have no batch
/// dimension; what CheckSequences() says; a response cache for a model that keeps sequences.
Status CheckConfig(const ModelConfig& config, const Signature& signature);
/// How batches are closed; nullopt: by measurement.
std::optional<BatchRules> BatchRulesOf(const ModelConfig& config);
/// The level that a request's priority means: the default for 0 and for what is not there; 0 for a
/// model without levels.
std::uint32_t PriorityLevel(const ModelConfig& config, std::uint64_t priority);
const QueuePolicy& PolicyOf(const ModelConfig& config, std::uint32_t level);

}  // namespace slipway::serve
