#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/oip_codec.h"
#include "cli/server_client.h"

/// What a server may answer: read or refused; a tensor that is read has the bytes of its shape.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cli = slipway::cli;
  if (size < 2) return 0;
  const std::size_t json_bytes = data[0] + 256U * data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const slipway::TensorSpec spec{.name = "y", .dtype = slipway::DType::kF32, .shape = {-1}};
  const auto tensor = cli::DecodeInferOutput(body, json_bytes, spec);
  if (tensor.ok() &&
      slipway::ByteSize(tensor->dtype(), tensor->shape()) != tensor->bytes().size()) {
    std::abort();
  }
  (void)cli::ParseModelMetadata(body).ok();
  (void)cli::ParseServedVersions(body, body).ok();
  const slipway::net::HttpAnswer refusal{.status = 400, .headers = {}, .body = std::string(body)};
  if (cli::StatusOfAnswer(refusal).ok()) std::abort();
  return 0;
}
