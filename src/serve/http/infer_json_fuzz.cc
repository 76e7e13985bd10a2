#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "serve/http/infer_request.h"
#include "serve/http/padded_text.h"

/// A body of /infer that is JSON: decoded or refused; what is decoded has whole tensors, and is
/// JSON to the parser that builds documents, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  static const slipway::Signature kSignature{
      .inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1, 3}},
                 {.name = "s", .dtype = DType::kString, .shape = {-1}}},
      .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1, 3}}}};
  const slipway::serve::PaddedText body(
      std::string_view(reinterpret_cast<const char*>(data), size));
  slipway::serve::V2Request request;
  const auto bytes = std::as_bytes(std::span(body.text()));
  const slipway::Status status =
      slipway::serve::DecodeInferRequest(bytes, std::nullopt, kSignature, request);
  if (!status.ok() || !request.shared.empty()) return 0;
  for (const slipway::serve::InferInput& input : request.inputs) {
    const auto expected = slipway::ByteSize(input.tensor.dtype, input.tensor.shape);
    if (expected.has_value() && *expected != input.tensor.bytes.size()) std::abort();
    if (input.tensor.dtype == DType::kString && !slipway::UnpackStrings(input.tensor).ok())
      std::abort();
  }
  // Numbers out of a double's range in fields that are not read are the one difference.
  const auto document = slipway::ParseJson(body.text());
  if (!document.ok() && document.status().message().find("range") == std::string::npos)
    std::abort();
  return 0;
}
