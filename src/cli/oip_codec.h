#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/answer_parser.h"
#include "tensor/signature.h"

namespace slipway::cli {

// The Open Inference Protocol v2 with the binary tensor extension, from the client's side. Pure.

/// The answer of GET /v2/models/NAME. DataLoss: not such an answer, or a type nobody may send.
Result<Signature> ParseModelMetadata(std::string_view body);

/// The body of POST .../infer: JSON, then the tensors as they lie in memory.
struct InferBody {
  std::string bytes;
  std::size_t json_bytes = 0;  ///< for the header Inference-Header-Content-Length
};

/// Asks for `wanted` alone, or for every output when it is empty. `inputs` stand in the signature's
/// order.
InferBody EncodeInfer(const Signature& signature, std::span<const TensorView> inputs,
                      std::string_view wanted = "");

/// One output of an answer, whose `json_bytes` the server told. DataLoss: the output is absent, of
/// another type than `spec`, or its size does not match its shape.
Result<TensorBuffer> DecodeInferOutput(std::string_view body, std::size_t json_bytes,
                                       const TensorSpec& spec);

/// Success for status 200. Else what the server says ({"error": "..."}), under the code for the
/// status.
Status StatusOfAnswer(const net::HttpAnswer& answer);

}  // namespace slipway::cli
