#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/wire_writer.h"
#include "serve/ensemble/remote_models.h"
#include "tensor/tensor.h"

namespace slipway::serve {

// ModelInfer of api/proto/inference.proto from the client's side, read and written without
// protobuf, so that tensors stay where they are. Pure.

/// A ModelInferRequest, whose inputs are raw contents. Borrows large tensors of the request.
WireWriter EncodeModelInfer(const RemoteRequest& request);

/// What stands before a message of gRPC that is not compressed.
std::string MessagePrefix(std::uint32_t bytes);
/// The one message that the body of an answer holds. DataLoss: cut short, compressed (which nobody
/// asked for), or more than one.
Result<std::string_view> OnlyMessage(std::string_view body);

/// The wanted outputs of a ModelInferResponse, in the order of `wanted`; others cost no memory.
/// DataLoss: it is none, one is absent or not raw, or its size does not match its shape.
Result<std::vector<TensorBuffer>> DecodeModelInfer(std::string_view message,
                                                   std::span<const std::string_view> wanted);

}  // namespace slipway::serve
