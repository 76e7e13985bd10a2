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

/// The scores of a model with one numeric output, so many for each example.
struct Scores {
  std::vector<double> values;
  std::size_t per_example = 0;
  const std::vector<std::string>* labels = nullptr;
};

Result<Scores> ScoresOf(std::int64_t examples, const InferResponse& response) {
  const bool is_single = response.outputs.size() == 1;
  if (!is_single || response.outputs[0].second.dtype() == DType::kString ||
      response.outputs[0].second.shape().rank() == 0 ||
      response.outputs[0].second.shape()[0] != examples) {
    return InvalidArgument(
               "the model has not exactly one numeric output with one row for each example")
        .With(errors::kRequestFieldInvalid)
        .Hint("use :predict");
  }
  Scores scores;
  SLIPWAY_TRY(scores.values, ToDoubles(response.outputs[0].second.view()));
  scores.per_example = scores.values.size() / static_cast<std::size_t>(examples);
  const auto& labels = (*response.model)->labels;
  const auto found = labels.find(response.outputs[0].first->name);
  if (found != labels.end()) scores.labels = &found->second;
  return scores;
}

void AppendScore(std::string& json, double value, DType dtype) {
  std::array<char, kMaxDecimalBytes> text{};
  char* const end = dtype == DType::kF64 ? WriteDecimal(text.data(), value)
                                         : WriteDecimal(text.data(), static_cast<float>(value));
  json.append(text.data(), end);
}

std::string_view StateName(ModelState state) {
  switch (state) {
    case ModelState::kPending:
      return "START";
    case ModelState::kLoading:
    case ModelState::kWarming:
      return "LOADING";
    case ModelState::kReady:
      return "AVAILABLE";
    case ModelState::kUnloading:
      return "UNLOADING";
    default:
      return "END";
  }
}

std::string_view TypeName(DType dtype) {
  constexpr std::array<std::pair<DType, std::string_view>, 14> kNames = {
      {{DType::kF32, "DT_FLOAT"},
       {DType::kF64, "DT_DOUBLE"},
       {DType::kF16, "DT_HALF"},
       {DType::kBF16, "DT_BFLOAT16"},
       {DType::kU8, "DT_UINT8"},
       {DType::kI8, "DT_INT8"},
       {DType::kU16, "DT_UINT16"},
       {DType::kI16, "DT_INT16"},
       {DType::kU32, "DT_UINT32"},
       {DType::kI32, "DT_INT32"},
       {DType::kU64, "DT_UINT64"},
       {DType::kI64, "DT_INT64"},
       {DType::kString, "DT_STRING"},
       {DType::kBool, "DT_BOOL"}}};
  const auto* const found =
      std::ranges::find(kNames, dtype, &std::pair<DType, std::string_view>::first);
  return found == kNames.end() ? "DT_INVALID" : found->second;
}

OrderedJson EncodeTensorInfos(const std::vector<TensorSpec>& specs) {
  OrderedJson infos = OrderedJson::object();
  for (const TensorSpec& spec : specs) {
    OrderedJson dims = OrderedJson::array();
    for (const std::int64_t dim : spec.shape.dims())
      dims.push_back({{"size", std::to_string(dim)}, {"name", ""}});
    infos[spec.name] = {{"dtype", TypeName(spec.dtype)},
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
    const bool is_named = scores.labels != nullptr && index < scores.labels->size();
    AppendQuoted(json, is_named ? (*scores.labels)[index] : std::to_string(index));
    json += ", ";
    AppendScore(json, scores.values[i], dtype);
    json += ']';
  }
  json.append(scores.values.empty() ? "" : "]").append("\n").append(kIndent).append("]\n}");
  return json;
}

Result<std::string> EncodeRegression(std::int64_t examples, const InferResponse& response) {
  SLIPWAY_TRY(const Scores scores, ScoresOf(examples, response));
  if (scores.per_example != 1) {
    return InvalidArgument(
               fmt::format("the model gives {} numbers for an example, a regression one",
                           scores.per_example))
        .With(errors::kRequestFieldInvalid)
        .Hint("use :predict");
  }
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
  OrderedJson list = OrderedJson::array();
  for (const ModelStatus& status : statuses) {
    if (status.name != model || version.value_or(status.version) != status.version) continue;
    const bool has_failed = status.state == ModelState::kFailed;
    list.push_back({{"version", std::to_string(status.version)},
                    {"state", StateName(status.state)},
                    {"status",
                     {{"error_code", has_failed ? "UNKNOWN" : "OK"},
                      {"error_message", has_failed ? status.reason : ""}}}});
  }
  if (list.empty()) {
    return NotFound(version.has_value()
                        ? fmt::format("Could not find version {} of model {}", *version, model)
                        : fmt::format("Could not find any versions of model {}", model))
        .With(errors::kModelNotFound);
  }
  return DumpJson(OrderedJson{{"model_version_status", std::move(list)}}, 1);
}

std::string EncodeMetadata(const ServedModel& model) {
  const OrderedJson definition = {{"inputs", EncodeTensorInfos(model->signature.inputs)},
                                  {"outputs", EncodeTensorInfos(model->signature.outputs)},
                                  {"method_name", "tensorflow/serving/predict"},
                                  {"defaults", OrderedJson::object()}};
  return DumpJson(
      OrderedJson{{"model_spec",
                   {{"name", model->name},
                    {"signature_name", ""},
                    {"version", std::to_string(model->version)}}},
                  {"metadata",
                   {{"signature_def", {{"signature_def", {{"serving_default", definition}}}}}}}},
      1);
}

}  // namespace slipway::serve::tfs
