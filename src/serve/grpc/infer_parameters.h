#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/status.h"
#include "base/wire_reader.h"
#include "serve/grpc/infer_message.h"

namespace slipway::serve::grpc {

/// The parameter of a request that ReadTarget() looks at.
inline constexpr std::string_view kEmptyFinal = "triton_enable_empty_final_response";

/// The value of a parameter (InferParameter): whichever of its fields came last.
struct ParameterValue {
  WireField field;  ///< number 0: none
  bool IsInteger() const { return field.number == 2 || field.number == 5; }
};

/// Reads the keys that mean something somewhere, and says whether this is one.
using KnownParameter = std::function<Result<bool>(std::string_view key, const ParameterValue&)>;

/// One entry of a map of parameters. InvalidArgument: broken, what `known` says, and keys that
/// CheckParameterKey() refuses, unless `known` takes them.
Status ReadParameter(const WireField& entry, const KnownParameter& known);
/// InvalidArgument (kRequestFieldInvalid): another kind of value, or a negative number.
Result<std::uint64_t> TakeInteger(std::string_view key, const ParameterValue& value);

/// Reads an entry of the parameters of a whole request.
Status ReadRequestParameter(const WireField& entry, InferMessage& request);

}  // namespace slipway::serve::grpc
