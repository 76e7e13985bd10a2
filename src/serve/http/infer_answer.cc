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

/// One output as it leaves.
struct Part {
  const TensorSpec* spec = nullptr;
  TensorBuffer tensor;
  bool is_binary = false;
};

const std::vector<std::string>* LabelsOf(const ServedModel::Parts& model,
                                         const std::string& output) {
  const auto found = model.labels.find(output);
  return found == model.labels.end() ? nullptr : &found->second;
}

Result<std::vector<Part>> MakeParts(const V2Request& request, InferResponse& response) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    auto& [spec, tensor] = response.outputs[i];
    Part part{.spec = spec, .is_binary = request.is_binary_by_default};
    if (!request.outputs.empty()) {
      const OutputWish& wish = request.outputs[i];
      part.is_binary = wish.is_binary;
      if (wish.classes > 0) {
        SLIPWAY_TRY(tensor, Classify(*spec, tensor.view(), wish.classes,
                                     LabelsOf(*response.model->operator->(), spec->name)));
      }
    }
    part.tensor = std::move(tensor);
    parts.push_back(std::move(part));
  }
  return parts;
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

void AppendOutput(std::string& json, const Part& part) {
  json += "{\"name\":";
  AppendQuoted(json, part.spec->name);
  json += ",\"datatype\":\"";
  json += OipName(part.tensor.dtype());
  json += "\",\"shape\":[";
  for (std::size_t axis = 0; axis < part.tensor.shape().rank(); ++axis) {
    if (axis > 0) json += ',';
    json += std::to_string(part.tensor.shape()[axis]);
  }
  if (part.is_binary) {
    json += "],\"parameters\":{\"binary_data_size\":";
    json += std::to_string(part.tensor.bytes().size());
    json += "}}";
    return;
  }
  json += "],\"data\":";
  TensorText(part.tensor.view()).AppendFlat(json);
  json += '}';
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
  SLIPWAY_TRY(std::vector<Part> made, MakeParts(request, response));
  const auto parts = std::make_shared<const std::vector<Part>>(std::move(made));
  std::string json;
  AppendHead(json, request, *response.model->operator->());
  bool has_binary = false;
  for (const Part& part : *parts) {
    if (&part != &parts->front()) json += ',';
    AppendOutput(json, part);
    has_binary = has_binary || part.is_binary;
  }
  json += "]}";
  net::Response answer;
  answer.may_compress = true;
  answer.content_type = has_binary ? "application/octet-stream" : "application/json";
  if (has_binary)
    answer.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
  answer.text = std::move(json);
  for (const Part& part : *parts) {
    if (part.is_binary && !part.tensor.bytes().empty())
      answer.parts.push_back({.bytes = part.tensor.bytes(), .keeper = parts});
  }
  return answer;
}

}  // namespace slipway::serve
