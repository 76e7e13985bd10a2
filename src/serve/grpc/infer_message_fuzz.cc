#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "serve/grpc/infer_message.h"

/// A ModelInferRequest: decoded or refused. What is decoded has its elements at their own
/// addresses, and not much more memory than the message has.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  static const slipway::Signature kSignature{
      .inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1, 3}},
                 {.name = "s", .dtype = DType::kString, .shape = {-1}},
                 {.name = "b", .dtype = DType::kI8, .shape = {-1}}},
      .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1, 3}}}};
  const std::span<const std::byte> message = std::as_bytes(std::span(data, size));
  (void)slipway::serve::grpc::ReadTarget(message);
  slipway::serve::grpc::InferMessage request;
  if (!slipway::serve::grpc::DecodeInferMessage(message, kSignature, request).ok()) return 0;
  std::size_t total = 0;
  for (const slipway::serve::InferInput& input : request.inputs) {
    total += input.tensor.bytes.size();
    unsigned sum = 0;
    for (const std::byte byte : input.tensor.bytes) sum += static_cast<unsigned>(byte);
    if (sum == 0xFFFFFFFF) std::abort();  // reads every byte: a sanitizer sees where
    for (const slipway::TensorSpec& spec : kSignature.inputs) {
      if (!slipway::CheckTensor(spec, input.tensor).ok()) continue;
      const std::size_t unit = slipway::BytesOf(spec.dtype);
      if (unit > 1 && reinterpret_cast<std::uintptr_t>(input.tensor.bytes.data()) % unit != 0)
        std::abort();
    }
  }
  if (total > 8 * size) std::abort();
  return 0;
}
