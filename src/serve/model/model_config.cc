#include "serve/model/model_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {

namespace {

Status CheckBatchSize(const ModelConfig& config, const Signature& signature) {
  if (config.max_batch_size == 0) return {};
  for (const auto* tensors : {&signature.inputs, &signature.outputs}) {
    for (const TensorSpec& spec : *tensors) {
      if (spec.shape.rank() > 0 && spec.shape[0] < 0) continue;
      return InvalidArgument(
                 fmt::format("max_batch_size is {}, but the first dimension of {} is not open",
                             config.max_batch_size, ToString(spec)))
          .With(errors::kRequestFieldInvalid)
          .Hint("leave max_batch_size and dynamic_batching out for this model");
    }
  }
  return {};
}

}  // namespace

Status CheckConfig(const ModelConfig& config, const Signature& signature) {
  SLIPWAY_RETURN_IF_ERROR(CheckBatchSize(config, signature));
  if (!config.sequence_batching.has_value()) return {};
  if (config.response_cache) {
    return InvalidArgument("response_cache and sequence_batching exclude each other")
        .With(errors::kRequestFieldInvalid)
        .Hint("what a sequence is answered depends on the requests before");
  }
  Status fits = CheckSequences(*config.sequence_batching, signature);
  return fits.ok() ? Status() : std::move(fits).At("sequence_batching");
}

std::optional<BatchRules> BatchRulesOf(const ModelConfig& config) {
  if (!config.dynamic_batching.has_value()) return std::nullopt;
  return BatchRules{.max_rows = std::max<std::int64_t>(config.max_batch_size, 1),
                    .preferred = config.dynamic_batching->preferred_batch_sizes,
                    .max_delay = config.dynamic_batching->max_queue_delay};
}

std::uint32_t PriorityLevel(const ModelConfig& config, std::uint64_t priority) {
  if (!config.dynamic_batching.has_value()) return 0;
  const DynamicBatching& batching = *config.dynamic_batching;
  if (priority == 0 || priority > batching.priority_levels) return batching.default_priority;
  return static_cast<std::uint32_t>(priority);
}

const QueuePolicy& PolicyOf(const ModelConfig& config, std::uint32_t level) {
  static const QueuePolicy none;
  if (!config.dynamic_batching.has_value()) return none;
  const DynamicBatching& batching = *config.dynamic_batching;
  const auto own = batching.policies.find(level);
  return own == batching.policies.end() ? batching.default_policy : own->second;
}

}  // namespace slipway::serve
