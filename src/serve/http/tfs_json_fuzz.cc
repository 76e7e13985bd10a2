#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/http/padded_text.h"
#include "serve/http/tfs_request.h"

/// A body of TensorFlow Serving's predict and classify: decoded or refused, with whole tensors.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  static const slipway::Signature kOne{
      .inputs = {{.name = "t", .dtype = DType::kString, .shape = {-1}}}, .outputs = {}};
  static const slipway::Signature kTwo{
      .inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1, 3}},
                 {.name = "i", .dtype = DType::kI8, .shape = {-1}}},
      .outputs = {}};
  const slipway::serve::PaddedText body(
      std::string_view(reinterpret_cast<const char*>(data), size));
  for (const slipway::Signature* signature : {&kOne, &kTwo}) {
    for (const auto decode :
         {slipway::serve::tfs::DecodePredict, slipway::serve::tfs::DecodeExamples}) {
      slipway::serve::tfs::Request request;
      if (!decode(body.text(), *signature, request).ok()) continue;
      for (const slipway::serve::InferInput& input : request.inputs) {
        const auto expected = slipway::ByteSize(input.tensor.dtype, input.tensor.shape);
        if (expected.has_value() && *expected != input.tensor.bytes.size()) std::abort();
      }
    }
  }
  return 0;
}
