#include "serve/grpc/model_config_message.h"

#include <string>

namespace slipway::serve::grpc {
namespace {

void Fill(const QueuePolicy& policy, inference::ModelQueuePolicy& message) {
  const bool delays = policy.timeout_action == QueuePolicy::TimeoutAction::kDelay;
  message.set_timeout_action(delays ? inference::ModelQueuePolicy::DELAY
                                    : inference::ModelQueuePolicy::REJECT);
  message.set_default_timeout_microseconds(
      static_cast<std::uint64_t>(policy.default_timeout.count()));
  message.set_allow_timeout_override(policy.allow_timeout_override);
  message.set_max_queue_size(policy.max_queue_size);
}

void Fill(const DynamicBatching& batching, inference::ModelDynamicBatching& message) {
  for (const std::int64_t size : batching.preferred_batch_sizes)
    message.add_preferred_batch_size(static_cast<std::int32_t>(size));
  message.set_max_queue_delay_microseconds(
      static_cast<std::uint64_t>(batching.max_queue_delay.count()));
  message.set_priority_levels(batching.priority_levels);
  message.set_default_priority_level(batching.default_priority);
  Fill(batching.default_policy, *message.mutable_default_queue_policy());
  for (const auto& [level, policy] : batching.policies)
    Fill(policy, (*message.mutable_priority_queue_policy())[level]);
}

}  // namespace

inference::DataType TypeOf(DType dtype) {
  inference::DataType type = inference::TYPE_INVALID;
  if (dtype == DType::kString) return inference::TYPE_STRING;
  inference::DataType_Parse("TYPE_" + std::string(OipName(dtype)), &type);
  return type;
}

void FillSchedule(const slipway::serve::ModelConfig& config, inference::ModelConfig& message) {
  message.set_max_batch_size(static_cast<std::int32_t>(config.max_batch_size));
  if (config.dynamic_batching.has_value())
    Fill(*config.dynamic_batching, *message.mutable_dynamic_batching());
}

}  // namespace slipway::serve::grpc
