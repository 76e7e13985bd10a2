#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <span>
#include <string>

#include "serve/grpc/body_forecast.h"
#include "serve/grpc/tensor_proto.h"
#include "serve/grpc/tfs_model_spec.h"
#include "serve/grpc/tfs_predict_message.h"

namespace {

constexpr std::uint64_t kMostBytes = 1 << 16;

/// What was read, written and read again is the same.
void CheckRoundTrip(const slipway::TensorView& tensor) {
  const std::string written = slipway::serve::grpc::WriteTensorProto(tensor).Joined();
  std::list<slipway::TensorBuffer> memory;
  const auto again =
      slipway::serve::grpc::ReadTensorProto(std::as_bytes(std::span(written)), kMostBytes, memory);
  if (!again.ok() || again->dtype != tensor.dtype || again->shape != tensor.shape) std::abort();
  // A byte of bool that came as content may be any; as a value it is 0 or 1.
  if (tensor.dtype != slipway::DType::kBool && !std::ranges::equal(again->bytes, tensor.bytes))
    std::abort();
}

}  // namespace

/// A PredictRequest: decoded or refused. What is decoded fits in the memory that it may have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  static const slipway::Signature kSignature{
      .inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1, 3}},
                 {.name = "s", .dtype = DType::kString, .shape = {-1}},
                 {.name = "b", .dtype = DType::kI8, .shape = {-1}}},
      .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1, 3}}}};
  const std::span<const std::byte> message = std::as_bytes(std::span(data, size));
  (void)slipway::serve::grpc::ReadModelSpecOf(message);
  // The first bytes stand for the prefix here, in front of what is left.
  const auto forecast = slipway::serve::grpc::ForecastPredict(message);
  if (forecast.aligned_offset.value_or(0) > message.size()) std::abort();
  slipway::serve::grpc::TfsPredictMessage request;
  if (!slipway::serve::grpc::DecodePredictMessage(message, kSignature, kMostBytes, request).ok())
    return 0;
  for (const slipway::serve::InferInput& input : request.inputs) {
    if (input.tensor.bytes.size() > 10 * kMostBytes + 8 * size) std::abort();
    if (input.tensor.bytes.size() <= kMostBytes / 8) CheckRoundTrip(input.tensor);
  }
  return 0;
}
