#include "serve/http/infer_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "base/error_catalogue.h"
#include "serve/http/json_text.h"
#include "serve/http/tensor_text.h"

namespace slipway::serve {
namespace {

const std::vector<std::string>* LabelsOf(const ServedModel::Parts& model,
                                         const std::string& output) {
  const auto found = model.labels.find(output);
  return found == model.labels.end() ? nullptr : &found->second;
}

using Outputs = decltype(InferResponse::outputs);

bool IsBinary(const V2Request& request, std::size_t output) {
  return request.outputs.empty() ? request.is_binary_by_default : request.outputs[output].is_binary;
}

/// Puts class texts in the place of outputs that are wished so.
Status ClassifyWished(const V2Request& request, InferResponse& response) {
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    if (request.outputs[i].classes == 0) continue;
    auto& [spec, tensor] = response.outputs[i];
    SLIPWAY_TRY(tensor, Classify(*spec, tensor.view(), request.outputs[i].classes,
                                 LabelsOf(*response.model->operator->(), spec->name)));
  }
  return {};
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

void AppendHead(std::string& json, const V2Request& request, const ServedModel::Parts& model) {
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
  json += "\",\"outputs\":[";
}

void AppendOutput(std::string& json, const TensorSpec& spec, const TensorBuffer& tensor,
                  bool is_binary) {
  json += "{\"name\":";
  AppendQuoted(json, spec.name);
  json += ",\"datatype\":\"";
  json += OipName(tensor.dtype());
  json += "\",\"shape\":[";
  for (std::size_t axis = 0; axis < tensor.shape().rank(); ++axis) {
    if (axis > 0) json += ',';
    json += std::to_string(tensor.shape()[axis]);
  }
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

/// Indices of the highest values, highest first; equal ones in their order, NaN last.
std::vector<std::size_t> Highest(std::span<const double> values, std::size_t count) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_higher = [&](std::size_t a, std::size_t b) {
    const bool a_is_nan = values[a] != values[a];
    const bool b_is_nan = values[b] != values[b];
    if (a_is_nan || b_is_nan) return a_is_nan == b_is_nan ? a < b : b_is_nan;
    return values[a] == values[b] ? a < b : values[a] > values[b];
  };
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), middle, order.end(), is_higher);
  order.resize(count);
  return order;
}

std::string ClassText(double value, std::size_t index, DType dtype,
                      const std::vector<std::string>* labels) {
  std::string text = IsFloatingPoint(dtype) ? fmt::format("{:f}:{}", value, index)
                                            : fmt::format("{:.0f}:{}", value, index);
  if (labels != nullptr && index < labels->size()) text.append(":").append((*labels)[index]);
  return text;
}

}  // namespace

Result<TensorBuffer> Classify(const TensorSpec& spec, const TensorView& scores,
                              std::uint32_t classes, const std::vector<std::string>* labels) {
  if (scores.shape.rank() == 0 || scores.dtype == DType::kString) {
    return InvalidArgument(
               fmt::format("output \"{}\" has no classes: {}", spec.name, ToString(spec)))
        .With(errors::kRequestFieldInvalid);
  }
  SLIPWAY_TRY(const std::vector<double> values, ToDoubles(scores));
  const bool has_rows = scores.shape.rank() > 1;
  const std::size_t rows = has_rows ? static_cast<std::size_t>(scores.shape[0]) : 1;
  const std::size_t columns = rows == 0 ? 0 : values.size() / rows;
  const std::size_t count = std::min<std::size_t>(classes, columns);
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto of_row = std::span(values).subspan(row * columns, columns);
    for (const std::size_t index : Highest(of_row, count))
      texts.push_back(ClassText(of_row[index], index, scores.dtype, labels));
  }
  const auto count_dim = static_cast<std::int64_t>(count);
  const Shape shape = has_rows ? Shape({scores.shape[0], count_dim}) : Shape({count_dim});
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return TensorBuffer::FromStrings(shape, views);
}

Result<net::Response> EncodeInferAnswer(const V2Request& request, InferResponse response) {
  SLIPWAY_RETURN_IF_ERROR(ClassifyWished(request, response));
  net::Response answer;
  answer.may_compress = true;
  answer.content_type = "application/json";
  answer.text.reserve(UsualBytes(response.outputs));
  AppendHead(answer.text, request, *response.model->operator->());
  bool has_binary = false;
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    const auto& [spec, tensor] = response.outputs[i];
    if (i > 0) answer.text += ',';
    AppendOutput(answer.text, *spec, tensor, IsBinary(request, i));
    has_binary = has_binary || IsBinary(request, i);
  }
  answer.text += "]}";
  if (has_binary) AddBinary(request, std::move(response.outputs), answer);
  return answer;
}

}  // namespace slipway::serve
