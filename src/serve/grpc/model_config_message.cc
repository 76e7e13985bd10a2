#include "serve/grpc/model_config_message.h"

#include <string>

namespace slipway::serve::grpc {
namespace {

using Control = inference::ModelSequenceBatching::Control;
using Kind = SequenceControl::Kind;

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

Control::Kind KindOf(Kind kind) {
  switch (kind) {
    case Kind::kStart:
      return Control::CONTROL_SEQUENCE_START;
    case Kind::kReady:
      return Control::CONTROL_SEQUENCE_READY;
    case Kind::kEnd:
      return Control::CONTROL_SEQUENCE_END;
    case Kind::kId:
      break;
  }
  return Control::CONTROL_SEQUENCE_CORRID;
}

void FillValues(const SequenceControl& control, Control& message) {
  if (control.kind == Kind::kId) {
    message.set_data_type(TypeOf(control.dtype));
    return;
  }
  for (const double value : {control.when_false, control.when_true}) {
    if (control.dtype == DType::kI32)
      message.add_int32_false_true(static_cast<std::int32_t>(value));
    if (control.dtype == DType::kF32) message.add_fp32_false_true(static_cast<float>(value));
    if (control.dtype == DType::kBool) message.add_bool_false_true(value != 0);
  }
}

void Fill(const SequenceBatching& sequences, inference::ModelSequenceBatching& message) {
  message.set_max_sequence_idle_microseconds(
      static_cast<std::uint64_t>(sequences.max_idle.count()));
  for (const SequenceControl& control : sequences.controls) {
    auto& input = *message.add_control_input();
    input.set_name(control.input);
    Control& own = *input.add_control();
    own.set_kind(KindOf(control.kind));
    FillValues(control, own);
  }
  for (const SequenceState& state : sequences.states) {
    auto& own = *message.add_state();
    own.set_input_name(state.input);
    own.set_output_name(state.output);
    own.set_data_type(TypeOf(state.dtype));
    for (const std::int64_t dim : state.dims) own.add_dims(dim);
  }
  if (sequences.is_oldest) {
    message.mutable_oldest()->set_max_candidate_sequences(
        static_cast<std::int32_t>(sequences.max_candidates));
  } else {
    message.mutable_direct();
  }
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
  if (config.sequence_batching.has_value())
    Fill(*config.sequence_batching, *message.mutable_sequence_batching());
  if (config.response_cache) message.mutable_response_cache()->set_enable(true);
}

}  // namespace slipway::serve::grpc
