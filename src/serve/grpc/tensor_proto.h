#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>

#include "base/status.h"
#include "base/wire_writer.h"
#include "tensor/tensor.h"

namespace slipway::serve::grpc {

/// Between tensors and TensorFlow's TensorProto (api/proto/tensorflow/tensor.proto), without
/// protobuf.

/// Reads one, hostile bytes included. `tensor_content`, and floats and doubles in one packed run,
/// are viewed where they lie; everything else goes into `memory`. Fewer values than the shape has
/// elements: the last one is repeated, and none is zeros, in at most `max_bytes` of memory.
/// InvalidArgument: an unknown type, a shape of unknown rank or with negative sizes, values in the
/// field of another type, too many of them, content of another size (kTensorDataMismatch), strings
/// in `tensor_content`.
Result<TensorView> ReadTensorProto(std::span<const std::byte> message, std::uint64_t max_bytes,
                                   std::list<TensorBuffer>& memory);

/// Writes one with its values in the field of their type, as TensorFlow Serving does. Floats and
/// doubles stay where they are: `tensor` outlives the writer.
WireWriter WriteTensorProto(const TensorView& tensor);

}  // namespace slipway::serve::grpc
