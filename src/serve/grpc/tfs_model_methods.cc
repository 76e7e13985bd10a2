#include <google/protobuf/text_format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"
#include "serve/grpc/tfs_model_spec.h"
#include "serve/predict/tfs_rules.h"
#include "tensorflow/serving.pb.h"

namespace slipway::serve::grpc {
namespace {

namespace pb = tensorflow::serving;

constexpr std::string_view kSignatureField = "signature_def";

tensorflow::TensorInfo InfoOf(const TensorSpec& spec) {
  tensorflow::TensorInfo info;
  info.set_name(spec.name);
  info.set_dtype(static_cast<tensorflow::DataType>(tfs::NameOf(spec.dtype).number));
  info.mutable_tensor_shape();
  for (const std::int64_t size : spec.shape.dims())
    info.mutable_tensor_shape()->add_dim()->set_size(size);
  return info;
}

pb::GetModelMetadataResponse MetadataOf(const ServedModel& model) {
  tensorflow::SignatureDef definition;
  definition.set_method_name("tensorflow/serving/predict");
  for (const TensorSpec& spec : model.client_signature().inputs)
    (*definition.mutable_inputs())[spec.name] = InfoOf(spec);
  for (const TensorSpec& spec : model.client_signature().outputs)
    (*definition.mutable_outputs())[spec.name] = InfoOf(spec);
  pb::SignatureDefMap map;
  (*map.mutable_signature_def())[std::string(tfs::kSignatureName)] = std::move(definition);
  pb::GetModelMetadataResponse answer;
  answer.mutable_model_spec()->set_name(model->name);
  answer.mutable_model_spec()->mutable_version()->set_value(model->version);
  (*answer.mutable_metadata())[std::string(kSignatureField)].PackFrom(map);
  return answer;
}

Status CheckFields(const pb::GetModelMetadataRequest& request) {
  if (request.metadata_field().empty())
    return FieldInvalid("GetModelMetadataRequest must specify at least one metadata_field");
  for (const std::string& field : request.metadata_field()) {
    if (field != kSignatureField)
      return FieldInvalid("Metadata field " + Printable(field, 64) + " is not supported")
          .Hint("there is signature_def");
  }
  return {};
}

pb::GetModelStatusResponse StatusesOf(const std::vector<ModelStatus>& versions) {
  pb::GetModelStatusResponse answer;
  for (const ModelStatus& version : versions) {
    pb::ModelVersionStatus& row = *answer.add_model_version_status();
    row.set_version(version.version);
    row.set_state(static_cast<pb::ModelVersionStatus::State>(tfs::NameOf(version.state).number));
    const bool has_failed = version.state == ModelState::kFailed;
    row.mutable_status()->set_error_code(static_cast<int>(has_failed ? Code::kUnknown : Code::kOk));
    if (has_failed) row.mutable_status()->set_error_message(version.reason);
  }
  return answer;
}

/// The list as models.config has it. InvalidArgument: there is none, and nothing shall be unloaded.
Result<std::string> ListText(pb::ModelServerConfig config) {
  if (!config.has_model_config_list()) {
    return FieldInvalid("config: only a model_config_list is supported")
        .Hint("an empty model_config_list unloads every model");
  }
  config.DiscardUnknownFields();
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  return text;
}

std::string NamesOf(const pb::ModelConfigList& list) {
  std::string names;
  for (const pb::ModelConfig& model : list.config())
    names += (names.empty() ? "" : ", ") + Printable(model.name(), 64);
  return Printable(names);
}

}  // namespace

void TfsGetModelMetadata(const GrpcCall& call) {
  const auto request = Parse<pb::GetModelMetadataRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  if (const Status status = CheckFields(*request); !status.ok()) return call.Fail(status);
  const Result<TfsModelSpec> spec = ReadModelSpecOf(call.message());
  if (!spec.ok()) return call.Fail(spec.status());
  WithModel(call, *spec,
            [call](const ModelHandle& model) { AnswerWith(call, MetadataOf(*model)); });
}

void TfsGetModelStatus(const GrpcCall& call) {
  const Result<TfsModelSpec> spec = ReadModelSpecOf(call.message());
  if (!spec.ok()) return call.Fail(spec.status());
  WithVersion(call, *spec, [call, name = spec->name](std::optional<std::int64_t> version) {
    const auto versions = tfs::VersionsOf(name, version, call.parts().models.Statuses());
    if (!versions.ok()) return call.Fail(versions.status());
    AnswerWith(call, StatusesOf(*versions));
  });
}

void TfsReloadConfig(const GrpcCall& call) {
  const auto request = Parse<pb::ReloadConfigRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  Result<std::string> list = ListText(request->config());
  if (!list.ok()) return call.Fail(list.status());
  const GrpcCall about = call.About(NamesOf(request->config().model_config_list()));
  call.parts().control.ReplaceList(*std::move(list), [about](const Status& outcome) {
    if (!outcome.ok()) return about.Fail(outcome);
    pb::ReloadConfigResponse answer;
    answer.mutable_status()->set_error_code(static_cast<int>(Code::kOk));
    AnswerWith(about, answer);
  });
}

}  // namespace slipway::serve::grpc
