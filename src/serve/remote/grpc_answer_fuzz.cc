#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "serve/remote/grpc_codec.h"
#include "serve/remote/grpc_outcome.h"

/// The body of an answer to ModelInfer: read or refused; a tensor that is read has the bytes of its
/// shape.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace serve = slipway::serve;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view wanted[] = {"y", "s"};
  const auto outputs = serve::DecodeModelInfer(bytes, wanted);
  if (outputs.ok()) {
    for (const slipway::TensorBuffer& tensor : *outputs) {
      const auto whole = slipway::ByteSize(tensor.dtype(), tensor.shape());
      if (tensor.dtype() != slipway::DType::kString && whole != tensor.bytes().size()) std::abort();
    }
  }
  const slipway::net::HttpAnswer answer{
      .status = 200,
      .headers = {},
      .body = std::string(bytes),
      .trailers = {{"grpc-status", std::string(bytes)}, {"grpc-message", std::string(bytes)}}};
  const serve::RemoteCall call{.server = "far", .outputs = {"y"}};
  if (serve::JudgeGrpc(call, answer).may_retry) std::abort();
  (void)serve::OnlyMessage(bytes).ok();
  return 0;
}
