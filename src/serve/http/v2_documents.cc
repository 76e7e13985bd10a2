#include "serve/http/v2_documents.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/version.h"
#include "serve/control/model_config_json.h"
#include "serve/control/server_facts.h"
#include "serve/model/served_ensemble.h"
#include "tensor/dtype.h"

namespace slipway::serve {
namespace {

using Total = ModelStatistics::Total;

OrderedJson EncodeDims(const Shape& shape) {
  OrderedJson dims = OrderedJson::array();
  for (const std::int64_t dim : shape.dims()) dims.push_back(dim);
  return dims;
}

OrderedJson EncodeSpecs(const std::vector<TensorSpec>& specs) {
  OrderedJson list = OrderedJson::array();
  for (const TensorSpec& spec : specs) {
    list.push_back({{"name", spec.name},
                    {"datatype", OipName(spec.dtype)},
                    {"shape", EncodeDims(spec.shape)}});
  }
  return list;
}

std::string ConfigType(DType dtype) {
  if (dtype == DType::kString) return "TYPE_STRING";
  return "TYPE_" + std::string(OipName(dtype));
}

/// With a batch size the batch dimension goes without saying.
OrderedJson ConfigDims(const TensorSpec& spec, const ModelConfig& config) {
  const std::size_t unsaid = config.max_batch_size > 0 ? 1 : 0;
  return EncodeDims(Shape(spec.shape.dims().subspan(unsaid)));
}

OrderedJson ConfigInputs(const std::vector<TensorSpec>& specs, const ModelConfig& config) {
  OrderedJson list = OrderedJson::array();
  for (const TensorSpec& spec : specs) {
    list.push_back({{"name", spec.name},
                    {"data_type", ConfigType(spec.dtype)},
                    {"format", "FORMAT_NONE"},
                    {"dims", ConfigDims(spec, config)},
                    {"is_shape_tensor", false},
                    {"allow_ragged_batch", false},
                    {"optional", false}});
  }
  return list;
}

OrderedJson ConfigOutputs(const std::vector<TensorSpec>& specs, const ModelConfig& config) {
  OrderedJson list = OrderedJson::array();
  for (const TensorSpec& spec : specs) {
    list.push_back({{"name", spec.name},
                    {"data_type", ConfigType(spec.dtype)},
                    {"dims", ConfigDims(spec, config)},
                    {"label_filename", ""},
                    {"is_shape_tensor", false}});
  }
  return list;
}

OrderedJson EncodeTotal(const Total& total) {
  return {{"count", total.count}, {"ns", total.total.count()}};
}

OrderedJson EncodeModelStatistics(const ServedModel& model) {
  const ModelStatistics statistics = model.counters().Read();
  OrderedJson batches = OrderedJson::array();
  for (const ModelStatistics::BatchRow& row : statistics.batches) {
    batches.push_back({{"batch_size", row.batch_size},
                       {"compute_input", EncodeTotal(row.compute_input)},
                       {"compute_infer", EncodeTotal(row.compute_infer)},
                       {"compute_output", EncodeTotal(row.compute_output)}});
  }
  OrderedJson memory = OrderedJson::array();
  if (model->memory_bytes > 0)
    memory.push_back({{"type", "CPU"}, {"id", 0}, {"byte_size", model->memory_bytes}});
  return {{"name", model->name},
          {"version", std::to_string(model->version)},
          {"last_inference", statistics.last_inference_unix_ms},
          {"inference_count", statistics.inference_count},
          {"execution_count", statistics.execution_count},
          {"inference_stats",
           {{"success", EncodeTotal(statistics.success)},
            {"fail", EncodeTotal(statistics.fail)},
            {"queue", EncodeTotal(statistics.queue)},
            {"compute_input", EncodeTotal(statistics.compute_input)},
            {"compute_infer", EncodeTotal(statistics.compute_infer)},
            {"compute_output", EncodeTotal(statistics.compute_output)},
            {"cache_hit", EncodeTotal(statistics.cache_hit)},
            {"cache_miss", EncodeTotal(statistics.cache_miss)}}},
          {"response_stats", OrderedJson::object()},
          {"batch_stats", std::move(batches)},
          {"memory_usage", std::move(memory)}};
}

}  // namespace

std::string EncodeServerMetadata(bool has_shared_memory) {
  return DumpJson(OrderedJson{{"name", kServerName},
                              {"version", kVersion},
                              {"extensions", ServerExtensions(has_shared_memory)}});
}

std::string EncodeModelNames(std::span<const ModelHandle> ready) {
  OrderedJson names = OrderedJson::array();
  for (const ModelHandle& model : ready) {
    if (std::ranges::find(names, OrderedJson((*model)->name)) == names.end())
      names.push_back((*model)->name);
  }
  return DumpJson(OrderedJson{{"models", std::move(names)}});
}

std::string EncodeModelMetadata(const ServedModel& model, std::span<const std::int64_t> versions) {
  OrderedJson texts = OrderedJson::array();
  for (const std::int64_t version : versions) texts.push_back(std::to_string(version));
  return DumpJson(OrderedJson{{"name", model->name},
                              {"versions", std::move(texts)},
                              {"platform", model->platform},
                              {"inputs", EncodeSpecs(model.client_signature().inputs)},
                              {"outputs", EncodeSpecs(model.client_signature().outputs)}});
}

std::string EncodeModelConfig(const ServedModel& model) {
  OrderedJson document = {
      {"name", model->name},
      {"platform", model->platform},
      {"backend", model.backend()},
      {"runtime", ""},
      {"version_policy", {{"specific", {{"versions", OrderedJson::array({model->version})}}}}}};
  AppendConfig(model->config, document);
  document.update({{"input", ConfigInputs(model.client_signature().inputs, model->config)},
                   {"output", ConfigOutputs(model.client_signature().outputs, model->config)},
                   {"batch_input", OrderedJson::array()},
                   {"batch_output", OrderedJson::array()},
                   {"default_model_filename", ""},
                   {"cc_model_filenames", OrderedJson::object()},
                   {"metric_tags", OrderedJson::object()},
                   {"parameters", OrderedJson::object()},
                   {"model_warmup", OrderedJson::array()}});
  if (model->ensemble != nullptr)
    document["ensemble_scheduling"] = package::EnsembleToJson(model->ensemble->ensemble);
  return DumpJson(document);
}

std::string EncodeStatistics(std::span<const ModelHandle> models) {
  OrderedJson list = OrderedJson::array();
  for (const ModelHandle& model : models) list.push_back(EncodeModelStatistics(*model));
  return DumpJson(OrderedJson{{"model_stats", std::move(list)}});
}

}  // namespace slipway::serve
