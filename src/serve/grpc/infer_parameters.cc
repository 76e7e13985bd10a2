#include "serve/grpc/infer_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

Result<ParameterValue> ReadValue(const WireField& message) {
  constexpr std::array<WireType, 6> kTypes = {WireType::kVarint,  WireType::kVarint,
                                              WireType::kVarint,  WireType::kBytes,
                                              WireType::kFixed64, WireType::kVarint};
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(message, WireType::kBytes));
  ParameterValue value;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message.bytes, [&](const WireField& field) -> Status {
    if (field.number >= kTypes.size()) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, kTypes[field.number]));
    value.field = field;
    return {};
  }));
  return value;
}

Result<bool> TakeFlag(std::string_view key, const ParameterValue& value) {
  if (value.field.number == 1) return value.field.scalar != 0;
  return FieldInvalid(fmt::format("parameter \"{}\" is true or false", key));
}

Result<SequenceId> TakeSequenceId(std::string_view key, const ParameterValue& value) {
  if (value.field.number == 3) {
    SLIPWAY_TRY(const std::string_view text, TakeText(value.field));
    SLIPWAY_RETURN_IF_ERROR(CheckRequestId(text));
    return SequenceId(std::string(text));
  }
  SLIPWAY_TRY(const std::uint64_t number, TakeInteger(key, value));
  return SequenceId(number);
}

struct RequestParameter {
  std::string_view key;
  Status (*read)(std::string_view key, const ParameterValue& value, InferMessage& request);
};

constexpr RequestParameter kRequestParameters[] = {
    {"timeout",
     [](std::string_view key, const ParameterValue& value, InferMessage& request) -> Status {
       SLIPWAY_TRY(const std::uint64_t microseconds, TakeInteger(key, value));
       request.timeout = BoundTimeout(microseconds);
       return {};
     }},
    {"priority",
     [](std::string_view key, const ParameterValue& value, InferMessage& request) -> Status {
       SLIPWAY_TRY(request.priority, TakeInteger(key, value));
       return {};
     }},
    {"sequence_id",
     [](std::string_view key, const ParameterValue& value, InferMessage& request) -> Status {
       SLIPWAY_TRY(request.sequence.id, TakeSequenceId(key, value));
       return {};
     }},
    {"sequence_start",
     [](std::string_view key, const ParameterValue& value, InferMessage& request) -> Status {
       SLIPWAY_TRY(request.sequence.is_start, TakeFlag(key, value));
       return {};
     }},
    {"sequence_end",
     [](std::string_view key, const ParameterValue& value, InferMessage& request) -> Status {
       SLIPWAY_TRY(request.sequence.is_end, TakeFlag(key, value));
       return {};
     }},
};

}  // namespace

Status ReadParameter(const WireField& entry, const KnownParameter& known) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(entry, WireType::kBytes));
  std::string_view key;
  ParameterValue value;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(entry.bytes, [&](const WireField& field) -> Status {
    if (field.number == 1) {
      SLIPWAY_TRY(key, TakeText(field));
    } else if (field.number == 2) {
      SLIPWAY_TRY(value, ReadValue(field));
    }
    return {};
  }));
  if (key == kEmptyFinal) return {};  // ReadTarget() looks at it
  SLIPWAY_TRY(const bool is_known, known(key, value));
  return is_known ? Status() : CheckParameterKey(key);
}

Result<std::uint64_t> TakeInteger(std::string_view key, const ParameterValue& value) {
  const bool is_negative =
      value.field.number == 2 && static_cast<std::int64_t>(value.field.scalar) < 0;
  if (value.IsInteger() && !is_negative) return value.field.scalar;
  return FieldInvalid(fmt::format("parameter \"{}\" is an integer, not negative", key));
}

Status ReadRequestParameter(const WireField& entry, InferMessage& request) {
  return ReadParameter(
      entry, [&](std::string_view key, const ParameterValue& value) -> Result<bool> {
        const auto known = std::ranges::find(kRequestParameters, key, &RequestParameter::key);
        if (known == std::end(kRequestParameters)) return false;
        SLIPWAY_RETURN_IF_ERROR(known->read(key, value, request));
        return true;
      });
}

}  // namespace slipway::serve::grpc
