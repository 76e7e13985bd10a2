#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "serve/http/infer_request.h"
#include "serve/http/padded_text.h"

/// A body of /infer with binary tensors: the first two bytes of the input are the length of its
/// JSON part. Views never leave the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  if (size < 2) return 0;
  static const slipway::Signature kSignature{
      .inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1, 3}},
                 {.name = "s", .dtype = DType::kString, .shape = {-1}},
                 {.name = "b", .dtype = DType::kU8, .shape = {-1}}},
      .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1, 3}}}};
  static const slipway::Signature kSingle{.inputs = {kSignature.inputs[0]},
                                          .outputs = kSignature.outputs};
  std::uint16_t json_bytes = 0;
  std::memcpy(&json_bytes, data, sizeof(json_bytes));
  const slipway::serve::PaddedText body(
      std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  const auto bytes = std::as_bytes(std::span(body.text()));
  slipway::serve::V2Request request;
  const slipway::Signature& signature = json_bytes == 0 ? kSingle : kSignature;
  if (!slipway::serve::DecodeInferRequest(bytes, json_bytes, signature, request).ok()) return 0;
  if (!request.shared.empty()) return 0;
  std::size_t total = 0;
  for (const slipway::serve::InferInput& input : request.inputs) {
    total += input.tensor.bytes.size();
    unsigned sum = 0;
    for (const std::byte byte : input.tensor.bytes) sum += static_cast<unsigned>(byte);
    if (sum == 0xFFFFFFFF) std::abort();  // reads every byte: a sanitizer sees where
    (void)slipway::CheckTensor(signature.inputs[0], input.tensor);
  }
  if (total > 16 * size + 64) std::abort();
  return 0;
}
