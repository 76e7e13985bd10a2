#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/client/answer_parser.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"

namespace slipway::serve {

// The Open Inference Protocol v2 with the binary tensor extension, from the client's side. Pure.

/// The answer of GET /v2/models/NAME. DataLoss: not such an answer, or a type nobody may send.
Result<Signature> ParseModelMetadata(std::string_view body);

/// The body of POST .../infer: JSON, and behind it the tensors where they lie in memory.
struct InferBody {
  std::string json;  ///< its size is for the header Inference-Header-Content-Length
  std::vector<std::string_view> tensors;
};

/// Asks for the outputs `wanted`, or for every output when it is empty.
InferBody EncodeInfer(std::span<const InferInput> inputs,
                      std::span<const std::string_view> wanted = {});

/// The wanted outputs of an answer, whose `json_bytes` the server told, in the order of `wanted`.
/// DataLoss: one is absent, or its size does not match its shape.
Result<std::vector<TensorBuffer>> DecodeInfer(std::string_view body, std::size_t json_bytes,
                                              std::span<const std::string_view> wanted);

/// The header that says how much of a body is JSON.
inline constexpr std::string_view kJsonBytesHeader = "Inference-Header-Content-Length";
/// How much of an answer's body is JSON: what that header says, or all of it.
std::size_t JsonBytesOf(const net::HttpAnswer& answer);

/// Success for status 200. Else what the server says ({"error": "..."}), under the code for the
/// status.
Status StatusOfAnswer(const net::HttpAnswer& answer);

}  // namespace slipway::serve
