#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/server_client.h"
#include "serve/remote/oip_codec.h"

/// What a server may answer: read or refused; a tensor that is read has the bytes of its shape.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cli = slipway::cli;
  namespace serve = slipway::serve;
  if (size < 2) return 0;
  const std::size_t json_bytes = data[0] + 256U * data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view wanted[] = {"y"};
  const auto outputs = serve::DecodeInfer(body, json_bytes, wanted);
  if (outputs.ok()) {
    const slipway::TensorBuffer& tensor = outputs->at(0);
    const auto whole = slipway::ByteSize(tensor.dtype(), tensor.shape());
    if (tensor.dtype() != slipway::DType::kString && whole != tensor.bytes().size()) std::abort();
  }
  (void)serve::ParseModelMetadata(body).ok();
  (void)cli::ParseServedVersions(body, body).ok();
  const slipway::net::HttpAnswer refusal{.status = 400, .headers = {}, .body = std::string(body)};
  if (serve::StatusOfAnswer(refusal).ok()) std::abort();
  return 0;
}
