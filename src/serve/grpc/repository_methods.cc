#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference.pb.h"
#include "serve/control/load_parameters.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

using Parameter = inference::ModelRepositoryParameter;

/// KServe's own definition has the model in field 1, which is the repository's name here.
template <class Request>
Result<std::string> ModelOf(const Request& request) {
  const std::string& name =
      request.model_name().empty() ? request.repository_name() : request.model_name();
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(name));
  if (request.model_name().empty() || request.repository_name().empty()) return name;
  return Unimplemented("there is one repository: leave repository_name empty");
}

Status SetLoadParameter(const std::string& key, const Parameter& value, LoadRequest& load) {
  const bool is_text = value.parameter_choice_case() == Parameter::kStringParam;
  if (key == "config") {
    if (!is_text) return FieldInvalid("parameter \"config\" must be a string that holds JSON");
    return SetLoadConfig(value.string_param(), load);
  }
  if (key != "version") return UnknownLoadParameter(key);
  if (is_text) return SetLoadVersion(std::string_view(value.string_param()), load);
  return SetLoadVersion(value.int64_param(), load);  // 0, which is refused, for other kinds
}

Result<LoadRequest> ReadLoad(const inference::RepositoryModelLoadRequest& request) {
  LoadRequest load;
  for (const auto& [key, value] : request.parameters())
    SLIPWAY_RETURN_IF_ERROR(SetLoadParameter(key, value, load));
  return load;
}

Result<bool> ReadUnload(const inference::RepositoryModelUnloadRequest& request) {
  bool with_dependents = false;
  for (const auto& [key, value] : request.parameters()) {
    if (key != "unload_dependents") return UnknownUnloadParameter(key);
    if (value.parameter_choice_case() != Parameter::kBoolParam)
      return FieldInvalid("parameter \"unload_dependents\" must be true or false");
    with_dependents = value.bool_param();
  }
  return with_dependents;
}

inference::RepositoryIndexResponse EncodeIndex(const std::vector<IndexRow>& rows) {
  inference::RepositoryIndexResponse response;
  for (const IndexRow& row : rows) {
    auto& model = *response.add_models();
    model.set_name(row.name);
    if (row.version > 0) model.set_version(std::to_string(row.version));
    model.set_state(row.state);
    model.set_reason(row.reason);
  }
  return response;
}

}  // namespace

void RepositoryIndex(const GrpcCall& call) {
  const auto request = Parse<inference::RepositoryIndexRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  if (!request->repository_name().empty())
    return call.Fail(Unimplemented("there is one repository: leave repository_name empty"));
  call.parts().control.Index(request->ready(), [call](Result<std::vector<IndexRow>> rows) {
    if (!rows.ok()) return call.Fail(rows.status());
    AnswerWith(call, EncodeIndex(*rows));
  });
}

void RepositoryModelLoad(const GrpcCall& call) {
  const auto request = Parse<inference::RepositoryModelLoadRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  const Result<std::string> model = ModelOf(*request);
  if (!model.ok()) return call.Fail(model.status());
  Result<LoadRequest> load = ReadLoad(*request);
  if (!load.ok()) return call.About(*model).Fail(load.status());
  const auto answer = [call = call.About(*model), name = *model](Status outcome) {
    if (!outcome.ok()) return call.Fail(outcome);
    inference::RepositoryModelLoadResponse response;
    response.set_model_name(name);
    response.set_isloaded(true);
    AnswerWith(call, response);
  };
  call.parts().control.Load(*model, std::move(*load), answer);
}

void RepositoryModelUnload(const GrpcCall& call) {
  const auto request = Parse<inference::RepositoryModelUnloadRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  const Result<std::string> model = ModelOf(*request);
  if (!model.ok()) return call.Fail(model.status());
  const Result<bool> with_dependents = ReadUnload(*request);
  if (!with_dependents.ok()) return call.About(*model).Fail(with_dependents.status());
  const auto answer = [call = call.About(*model), name = *model](Status outcome) {
    if (!outcome.ok()) return call.Fail(outcome);
    inference::RepositoryModelUnloadResponse response;
    response.set_model_name(name);
    response.set_isunloaded(true);
    AnswerWith(call, response);
  };
  call.parts().control.Unload(*model, *with_dependents, answer);
}

}  // namespace slipway::serve::grpc
