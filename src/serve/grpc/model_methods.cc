#include <chrono>
#include <string>
#include <vector>

#include "base/version.h"
#include "inference.pb.h"
#include "serve/control/server_facts.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/model_config_message.h"
#include "serve/grpc/proto_message.h"
#include "serve/model/served_ensemble.h"

namespace slipway::serve::grpc {
namespace {

void FillTensors(
    const std::vector<TensorSpec>& specs,
    google::protobuf::RepeatedPtrField<inference::ModelMetadataResponse::TensorMetadata>& tensors) {
  for (const TensorSpec& spec : specs) {
    auto& tensor = *tensors.Add();
    tensor.set_name(spec.name);
    tensor.set_datatype(std::string(OipName(spec.dtype)));
    for (const std::int64_t dim : spec.shape.dims()) tensor.add_shape(dim);
  }
}

/// ModelInput and ModelOutput have these three fields. With a batch size the batch dimension goes
/// without saying.
template <class Tensor>
void FillConfigTensor(const TensorSpec& spec, const slipway::serve::ModelConfig& config,
                      Tensor& tensor) {
  tensor.set_name(spec.name);
  tensor.set_data_type(TypeOf(spec.dtype));
  const std::size_t unsaid = config.max_batch_size > 0 ? 1 : 0;
  for (const std::int64_t dim : spec.shape.dims().subspan(unsaid)) tensor.add_dims(dim);
}

void FillSteps(const package::Ensemble& ensemble, inference::ModelEnsembling& out) {
  for (const package::EnsembleStep& step : ensemble.steps) {
    inference::ModelEnsembling::Step& to = *out.add_step();
    to.set_model_name(step.model);
    to.set_model_version(step.version.value_or(-1));
    to.set_model_namespace(step.server);
    to.mutable_input_map()->insert(step.input_map.begin(), step.input_map.end());
    to.mutable_output_map()->insert(step.output_map.begin(), step.output_map.end());
  }
}

void Set(const slipway::serve::ModelStatistics::Total& total,
         inference::StatisticDuration& duration) {
  duration.set_count(total.count);
  duration.set_ns(static_cast<std::uint64_t>(total.total.count()));
}

void FillStatistics(const ServedModel& model, inference::ModelStatistics& out) {
  const slipway::serve::ModelStatistics counted = model.counters().Read();
  out.set_name(model->name);
  out.set_version(std::to_string(model->version));
  out.set_last_inference(counted.last_inference_unix_ms);
  out.set_inference_count(counted.inference_count);
  out.set_execution_count(counted.execution_count);
  inference::InferStatistics& all = *out.mutable_inference_stats();
  Set(counted.success, *all.mutable_success());
  Set(counted.fail, *all.mutable_fail());
  Set(counted.queue, *all.mutable_queue());
  Set(counted.compute_input, *all.mutable_compute_input());
  Set(counted.compute_infer, *all.mutable_compute_infer());
  Set(counted.compute_output, *all.mutable_compute_output());
  Set(counted.cache_hit, *all.mutable_cache_hit());
  Set(counted.cache_miss, *all.mutable_cache_miss());
  for (const auto& row : counted.batches) {
    inference::InferBatchStatistics& batch = *out.add_batch_stats();
    batch.set_batch_size(row.batch_size);
    Set(row.compute_input, *batch.mutable_compute_input());
    Set(row.compute_infer, *batch.mutable_compute_infer());
    Set(row.compute_output, *batch.mutable_compute_output());
  }
  if (model->memory_bytes == 0) return;
  inference::MemoryUsage& memory = *out.add_memory_usage();
  memory.set_type("CPU");
  memory.set_byte_size(model->memory_bytes);
}

}  // namespace

void ServerLive(const GrpcCall& call) {
  inference::ServerLiveResponse response;
  response.set_live(true);
  AnswerWith(call, response);
}

void ServerReady(const GrpcCall& call) {
  inference::ServerReadyResponse response;
  response.set_ready(call.parts().is_ready());
  AnswerWith(call, response);
}

void ServerMetadata(const GrpcCall& call) {
  inference::ServerMetadataResponse response;
  response.set_name(std::string(kServerName));
  response.set_version(std::string(kVersion));
  const bool has_shared_memory = call.parts().shared_memory != nullptr;
  for (const std::string_view extension : ServerExtensions(has_shared_memory))
    response.add_extensions(std::string(extension));
  AnswerWith(call, response);
}

// Triton says "not ready" of a model that it does not know, and so do its clients' tests.
void ModelReady(const GrpcCall& call) {
  using Response = inference::ModelReadyResponse;
  Respond<inference::ModelReadyRequest>(
      call, [&](const inference::ModelReadyRequest& request) -> Result<Response> {
        const Result<ModelHandle> model = call.Find(request.name(), request.version());
        const Code code = model.status().code();
        if (!model.ok() && code != Code::kNotFound && code != Code::kUnavailable)
          return model.status();
        Response response;
        response.set_ready(model.ok());
        return response;
      });
}

void ModelMetadata(const GrpcCall& call) {
  using Response = inference::ModelMetadataResponse;
  Respond<inference::ModelMetadataRequest>(
      call, [&](const inference::ModelMetadataRequest& request) -> Result<Response> {
        SLIPWAY_TRY(const std::vector<ModelHandle> models,
                    call.FindAll(request.name(), request.version()));
        const ServedModel& model = *models.front();
        Response response;
        response.set_name(model->name);
        for (const ModelHandle& each : models)
          response.add_versions(std::to_string((*each)->version));
        response.set_platform(model->platform);
        FillTensors(model.client_signature().inputs, *response.mutable_inputs());
        FillTensors(model.client_signature().outputs, *response.mutable_outputs());
        return response;
      });
}

void ModelConfig(const GrpcCall& call) {
  using Response = inference::ModelConfigResponse;
  Respond<inference::ModelConfigRequest>(
      call, [&](const inference::ModelConfigRequest& request) -> Result<Response> {
        SLIPWAY_TRY(const ModelHandle found, call.Find(request.name(), request.version()));
        const ServedModel& model = *found;
        Response response;
        inference::ModelConfig& config = *response.mutable_config();
        config.set_name(model->name);
        config.set_platform(model->platform);
        config.set_backend(std::string(model.backend()));
        config.mutable_version_policy()->mutable_specific()->add_versions(model->version);
        for (const TensorSpec& spec : model.client_signature().inputs)
          FillConfigTensor(spec, model->config, *config.add_input());
        for (const TensorSpec& spec : model.client_signature().outputs)
          FillConfigTensor(spec, model->config, *config.add_output());
        FillSchedule(model->config, config);
        if (model->ensemble != nullptr)
          FillSteps(model->ensemble->ensemble, *config.mutable_ensemble_scheduling());
        return response;
      });
}

void ModelStatistics(const GrpcCall& call) {
  using Response = inference::ModelStatisticsResponse;
  Respond<inference::ModelStatisticsRequest>(
      call, [&](const inference::ModelStatisticsRequest& request) -> Result<Response> {
        std::vector<ModelHandle> models;
        if (request.name().empty()) {
          models = call.parts().models.Ready();
        } else {
          SLIPWAY_TRY(models, call.FindAll(request.name(), request.version()));
        }
        Response response;
        for (const ModelHandle& model : models) FillStatistics(*model, *response.add_model_stats());
        return response;
      });
}

}  // namespace slipway::serve::grpc
