#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/wire_writer.h"
#include "serve/grpc/grpc_call.h"
#include "serve/model/served_model.h"

namespace slipway::serve::grpc {

/// Which model a request of TensorFlow Serving's protocol is for. Views of the message.
struct TfsModelSpec {
  std::string_view name;
  std::optional<std::int64_t> version;
  std::string_view label;  ///< an alias of the model; empty: none
  std::string_view signature;
};

/// Reads a ModelSpec. InvalidArgument: no message, another signature than the one there is, no name
/// or one that is none, a version and a label.
Result<TfsModelSpec> ReadModelSpec(std::span<const std::byte> message);
/// Reads that of a request, whose field 1 it is.
Result<TfsModelSpec> ReadModelSpecOf(std::span<const std::byte> request);

/// Goes on with the model, or with the version that a label names, on the call's loop: at once, or
/// after the alias was looked up. An error is the call's answer.
void WithVersion(const GrpcCall& call, const TfsModelSpec& spec,
                 std::function<void(std::optional<std::int64_t>)> then);
void WithModel(const GrpcCall& call, const TfsModelSpec& spec,
               std::function<void(ModelHandle)> then);

/// Which model has answered.
WireWriter WriteModelSpec(const ServedModel& model);

}  // namespace slipway::serve::grpc
