#include "serve/http/infer_answer.h"

#include <memory>
#include <utility>

#include "serve/http/explanation.h"
#include "serve/http/json_text.h"
#include "serve/http/tensor_text.h"
#include "serve/predict/classification.h"
#include "serve/shared_memory/shared_tensors.h"

namespace slipway::serve {
namespace {

using Outputs = decltype(InferResponse::outputs);

bool IsBinary(const V2Request& request, std::size_t output) {
  return request.outputs.empty() ? request.is_binary_by_default : request.outputs[output].is_binary;
}

/// Room for an answer as they usually are; a longer one grows.
std::size_t UsualBytes(const Outputs& outputs) {
  constexpr std::size_t kHead = 128;
  constexpr std::size_t kOutput = 96;
  constexpr std::size_t kMostData = 64 * 1024;
  std::size_t bytes = kHead;
  for (const auto& [spec, tensor] : outputs)
    bytes += kOutput + std::min(3 * tensor.bytes().size(), kMostData);
  return bytes;
}

void AppendHead(std::string& json, const V2Request& request, const InferResponse& response) {
  const ServedModel::Parts& model = *response.model->operator->();
  json += '{';
  if (request.id.has_value()) {
    json += "\"id\":";
    AppendQuoted(json, *request.id);
    json += ',';
  }
  json += "\"model_name\":";
  AppendQuoted(json, model.name);
  json += ",\"model_version\":\"";
  json += std::to_string(model.version);
  json += "\",";
  if (request.wants_explanation) AppendExplanation(response, json);
  json += "\"outputs\":[";
}

void AppendParameters(std::string& json, const TensorBuffer& tensor, const SharedRange& range) {
  json += "],\"parameters\":{\"shared_memory_region\":";
  AppendQuoted(json, range.region());
  json += ",\"shared_memory_offset\":";
  json += std::to_string(range.offset());
  json += ",\"shared_memory_byte_size\":";
  json += std::to_string(tensor.bytes().size());
  json += "}}";
}

void AppendOutput(std::string& json, const TensorSpec& spec, const TensorBuffer& tensor,
                  bool is_binary, const SharedRange* range) {
  json += "{\"name\":";
  AppendQuoted(json, spec.name);
  json += ",\"datatype\":\"";
  json += OipName(tensor.dtype());
  json += "\",\"shape\":[";
  for (std::size_t axis = 0; axis < tensor.shape().rank(); ++axis) {
    if (axis > 0) json += ',';
    json += std::to_string(tensor.shape()[axis]);
  }
  if (range != nullptr) return AppendParameters(json, tensor, *range);
  if (is_binary) {
    json += "],\"parameters\":{\"binary_data_size\":";
    json += std::to_string(tensor.bytes().size());
    json += "}}";
    return;
  }
  json += "],\"data\":";
  TensorText(tensor.view()).AppendFlat(json);
  json += '}';
}

/// The binary outputs behind the JSON, from the memory they were written to, which they keep.
void AddBinary(const V2Request& request, Outputs outputs, net::Response& answer) {
  answer.content_type = "application/octet-stream";
  answer.headers.emplace_back("Inference-Header-Content-Length",
                              std::to_string(answer.text.size()));
  const auto keeper = std::make_shared<const Outputs>(std::move(outputs));
  for (std::size_t i = 0; i < keeper->size(); ++i) {
    const TensorBuffer& tensor = (*keeper)[i].second;
    if (IsBinary(request, i) && !tensor.bytes().empty())
      answer.parts.push_back({.bytes = tensor.bytes(), .keeper = keeper});
  }
}

}  // namespace

Result<net::Response> EncodeInferAnswer(const V2Request& request, InferResponse response) {
  SLIPWAY_RETURN_IF_ERROR(ClassifyWished(request.outputs, response));
  SLIPWAY_RETURN_IF_ERROR(WriteShared(request.outputs, response.outputs));
  net::Response answer;
  answer.may_compress = true;
  answer.content_type = "application/json";
  answer.text.reserve(UsualBytes(response.outputs));
  if (request.wants_explanation)
    answer.headers.emplace_back("Server-Timing", ServerTiming(response));
  AppendHead(answer.text, request, response);
  bool has_binary = false;
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    const auto& [spec, tensor] = response.outputs[i];
    if (i > 0) answer.text += ',';
    AppendOutput(answer.text, *spec, tensor, IsBinary(request, i), RangeOf(request.outputs, i));
    has_binary = has_binary || IsBinary(request, i);
  }
  answer.text += "]}";
  if (has_binary) AddBinary(request, std::move(response.outputs), answer);
  return answer;
}

}  // namespace slipway::serve
