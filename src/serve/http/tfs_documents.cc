#include "serve/http/tfs_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "serve/http/decimal.h"
#include "serve/http/json_text.h"
#include "serve/http/tensor_text.h"
#include "serve/predict/tfs_rules.h"

namespace slipway::serve::tfs {
namespace {

constexpr std::string_view kIndent = "    ";

TensorText TextOf(const TensorSpec& spec, const TensorBuffer& tensor) {
  return TensorText(tensor.view(), spec.name.ends_with("_bytes")
                                       ? TensorText::Strings::kBase64Object
                                       : TensorText::Strings::kText);
}

Result<std::int64_t> SharedRows(const InferResponse& response) {
  std::optional<std::int64_t> rows;
  for (const auto& [spec, tensor] : response.outputs) {
    if (tensor.shape().rank() == 0 || rows.value_or(tensor.shape()[0]) != tensor.shape()[0]) {
      return InvalidArgument(
                 fmt::format("the outputs do not share their first dimension: \"{}\" has shape "
                             "{}",
                             spec->name, tensor.shape().ToString()))
          .With(errors::kRequestFieldInvalid)
          .Hint("send the request in columnar form, with \"inputs\"");
    }
    rows = tensor.shape()[0];
  }
  return rows.value_or(0);
}

Result<std::string> EncodeRows(const InferResponse& response) {
  SLIPWAY_TRY(const std::int64_t rows, SharedRows(response));
  std::vector<TensorText> texts;
  for (const auto& [spec, tensor] : response.outputs) texts.push_back(TextOf(*spec, tensor));
  std::string json = fmt::format("{{\n{}\"predictions\": [", kIndent);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (row > 0) json += ", ";
    if (texts.size() == 1) {
      texts[0].AppendRow(json, row);
      continue;
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      json += i == 0 ? "{" : ", ";
      AppendQuoted(json, response.outputs[i].first->name);
      json += ": ";
      texts[i].AppendRow(json, row);
    }
    json += '}';
  }
  json.append("\n").append(kIndent).append("]\n}");
  return json;
}

std::string EncodeColumns(const InferResponse& response) {
  std::string json = fmt::format("{{\n{}\"outputs\": ", kIndent);
  const bool is_single = response.outputs.size() == 1;
  if (!is_single) json += '{';
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    const auto& [spec, tensor] = response.outputs[i];
    if (!is_single) {
      json.append(i == 0 ? "\n" : ",\n").append(kIndent).append(kIndent);
      AppendQuoted(json, spec->name);
      json += ": ";
    }
    TextOf(*spec, tensor).AppendNested(json);
  }
  if (!is_single) json.append("\n").append(kIndent).append("}");
  json += "\n}";
  return json;
}

void AppendScore(std::string& json, double value, DType dtype) {
  std::array<char, kMaxDecimalBytes> text{};
  char* const end = dtype == DType::kF64 ? WriteDecimal(text.data(), value)
                                         : WriteDecimal(text.data(), static_cast<float>(value));
  json.append(text.data(), end);
}

OrderedJson EncodeTensorInfos(const std::vector<TensorSpec>& specs) {
  OrderedJson infos = OrderedJson::object();
  for (const TensorSpec& spec : specs) {
    OrderedJson dims = OrderedJson::array();
    for (const std::int64_t dim : spec.shape.dims())
      dims.push_back({{"size", std::to_string(dim)}, {"name", ""}});
    infos[spec.name] = {{"dtype", NameOf(spec.dtype).name},
                        {"tensor_shape", {{"dim", std::move(dims)}, {"unknown_rank", false}}},
                        {"name", spec.name}};
  }
  return infos;
}

}  // namespace

Result<std::string> EncodePredictions(bool is_row_form, const InferResponse& response) {
  if (is_row_form) return EncodeRows(response);
  return EncodeColumns(response);
}

Result<std::string> EncodeClassification(std::int64_t examples, const InferResponse& response) {
  SLIPWAY_TRY(const Scores scores, ScoresOf(examples, response));
  const DType dtype = response.outputs[0].second.dtype();
  std::string json = fmt::format("{{\n{}\"results\": [", kIndent);
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    const std::size_t index = i % scores.per_example;
    if (index == 0) json += i == 0 ? "[" : "], [";
    json += index == 0 ? "[" : ", [";
    AppendQuoted(json, scores.LabelOf(index));
    json += ", ";
    AppendScore(json, scores.values[i], dtype);
    json += ']';
  }
  json.append(scores.values.empty() ? "" : "]").append("\n").append(kIndent).append("]\n}");
  return json;
}

Result<std::string> EncodeRegression(std::int64_t examples, const InferResponse& response) {
  SLIPWAY_TRY(const Scores scores, ValuesOf(examples, response));
  std::string json = fmt::format("{{\n{}\"results\": [", kIndent);
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    if (i > 0) json += ", ";
    AppendScore(json, scores.values[i], response.outputs[0].second.dtype());
  }
  json.append("]\n}");
  return json;
}

Result<std::string> EncodeVersionStatus(std::string_view model, std::optional<std::int64_t> version,
                                        std::span<const ModelStatus> statuses) {
  SLIPWAY_TRY(const std::vector<ModelStatus> versions, VersionsOf(model, version, statuses));
  OrderedJson list = OrderedJson::array();
  for (const ModelStatus& status : versions) {
    const bool has_failed = status.state == ModelState::kFailed;
    list.push_back({{"version", std::to_string(status.version)},
                    {"state", NameOf(status.state).name},
                    {"status",
                     {{"error_code", has_failed ? "UNKNOWN" : "OK"},
                      {"error_message", has_failed ? status.reason : ""}}}});
  }
  return DumpJson(OrderedJson{{"model_version_status", std::move(list)}}, 1);
}

std::string EncodeReady(std::string_view model) {
  return DumpJson(OrderedJson{{"name", model}, {"ready", true}});
}

std::string EncodeNames(std::span<const ModelStatus> statuses) {
  OrderedJson names = OrderedJson::array();
  for (const ModelStatus& status : statuses) {  // by name
    if (status.state == ModelState::kUnloaded) continue;
    if (names.empty() || names.back() != status.name) names.push_back(status.name);
  }
  return DumpJson(OrderedJson{{"models", std::move(names)}});
}

std::string EncodeMetadata(const ServedModel& model) {
  const OrderedJson definition = {{"inputs", EncodeTensorInfos(model.client_signature().inputs)},
                                  {"outputs", EncodeTensorInfos(model.client_signature().outputs)},
                                  {"method_name", "tensorflow/serving/predict"},
                                  {"defaults", OrderedJson::object()}};
  return DumpJson(
      OrderedJson{
          {"model_spec",
           {{"name", model->name},
            {"signature_name", ""},
            {"version", std::to_string(model->version)}}},
          {"metadata",
           {{"signature_def", {{"signature_def", {{std::string(kSignatureName), definition}}}}}}}},
      1);
}

}  // namespace slipway::serve::tfs
