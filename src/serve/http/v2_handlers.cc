#include "serve/http/v2_handlers.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/http/explanation.h"
#include "serve/http/infer_answer.h"
#include "serve/http/infer_request.h"
#include "serve/http/v2_documents.h"

namespace slipway::serve::v2 {
namespace {

constexpr std::string_view kLengthHeader = "Inference-Header-Content-Length";

Result<ModelHandle> FindModel(const ApiCall& call) {
  SLIPWAY_TRY(const std::string_view name, call.ModelName());
  SLIPWAY_TRY(const std::optional<std::int64_t> version, call.Version());
  return call.parts().models.Find(name, version);
}

/// What the path names: one version, or all ready ones of a model.
Result<std::vector<ModelHandle>> FindModels(const ApiCall& call) {
  SLIPWAY_TRY(const std::optional<std::int64_t> version, call.Version());
  SLIPWAY_TRY(ModelHandle first, FindModel(call));
  if (version.has_value()) return std::vector<ModelHandle>{std::move(first)};
  std::vector<ModelHandle> found;
  for (ModelHandle& model : call.parts().models.Ready()) {
    if ((*model)->name == (*first)->name) found.push_back(std::move(model));
  }
  return found;
}

using Encode = std::string (*)(const ServedModel&);

void AnswerAbout(const ApiCall& call, Encode encode) {
  const Result<ModelHandle> model = FindModel(call);
  if (!model.ok()) return call.Fail(model.status());
  call.SendJson(encode(**model));
}

/// One inference from its body to its answer; lives in the completion.
struct Inference {
  explicit Inference(const ApiCall& the_call) : call(the_call) {}

  V2Request request;
  const ApiCall call;
};

Result<InferRequest> Prepare(const ApiCall& call, const std::shared_ptr<Inference>& inference) {
  SLIPWAY_TRY(ModelHandle model, FindModel(call));
  SLIPWAY_TRY(const std::optional<std::uint64_t> json_bytes, JsonBytes(call.head()));
  V2Request& decoded = inference->request;
  SLIPWAY_TRY(decoded.wants_explanation, AsksForExplanation(call.head().query));
  SLIPWAY_RETURN_IF_ERROR(
      DecodeInferRequest(call.body(), json_bytes, (*model)->signature, decoded));
  SLIPWAY_RETURN_IF_ERROR(
      PlaceShared(call.parts().shared_memory, call.parts().limits.max_body_bytes, decoded));
  InferRequest request{.model = std::move(model), .inputs = std::move(decoded.inputs)};
  for (const OutputWish& wish : decoded.outputs) request.outputs.push_back(wish.name);
  SLIPWAY_TRY(request.deadline, call.Deadline(decoded.timeout));
  request.priority = decoded.priority;
  request.sequence = std::move(decoded.sequence);
  request.keeper = inference;
  request.loop = call.exchange()->loop();
  request.abandoned = [exchange = call.exchange().get()] { return exchange->Abandoned(); };
  request.trace = [of = inference.get()] { return of->call.Trace(); };
  return request;
}

}  // namespace

Result<std::optional<std::uint64_t>> JsonBytes(const net::RequestHead& head) {
  const std::string_view* const text = head.Find(kLengthHeader);
  if (text == nullptr) return std::optional<std::uint64_t>();
  const std::optional<std::uint64_t> length = ParseUint64(*text);
  if (!length.has_value() || head.Repeated(kLengthHeader)) {
    return InvalidArgument(fmt::format("{} must occur once and be a number of bytes, got \"{}\"",
                                       kLengthHeader, Printable(*text, 64)))
        .With(errors::kRequestFieldInvalid);
  }
  const bool is_coded = head.Find("Content-Encoding") != nullptr;
  if (!is_coded && head.content_length.has_value() && *length > *head.content_length) {
    return InvalidArgument(fmt::format("{} is {}, the body has {} bytes", kLengthHeader, *length,
                                       *head.content_length))
        .With(errors::kRequestFieldInvalid);
  }
  return length;
}

void Live(const ApiCall& call) { call.SendJson(R"({"live":true})"); }

void Ready(const ApiCall& call) {
  const bool is_ready = call.parts().is_ready();
  call.Send(net::Response::Text(is_ready ? 200 : 503, "application/json",
                                is_ready ? R"({"ready":true})" : R"({"ready":false})"));
}

void ServerMetadata(const ApiCall& call) {
  call.SendJson(EncodeServerMetadata(call.parts().shared_memory != nullptr));
}

void ModelNames(const ApiCall& call) {
  call.SendJson(EncodeModelNames(call.parts().models.Ready()));
}

void ModelMetadata(const ApiCall& call) {
  const Result<std::vector<ModelHandle>> models = FindModels(call);
  if (!models.ok()) return call.Fail(models.status());
  const Result<ModelHandle> model = FindModel(call);
  if (!model.ok()) return call.Fail(model.status());
  std::vector<std::int64_t> versions;
  for (const ModelHandle& each : *models) versions.push_back((*each)->version);
  call.SendJson(EncodeModelMetadata(**model, versions));
}

void ModelReady(const ApiCall& call) {
  const Result<ModelHandle> model = FindModel(call);
  if (!model.ok()) return call.Fail(model.status());
  call.SendJson(fmt::format(R"({{"name":"{}","ready":true}})", (**model)->name));
}

void ModelConfig(const ApiCall& call) { AnswerAbout(call, EncodeModelConfig); }

void AllStatistics(const ApiCall& call) {
  call.SendJson(EncodeStatistics(call.parts().models.Ready()));
}

void Statistics(const ApiCall& call) {
  const Result<std::vector<ModelHandle>> models = FindModels(call);
  if (!models.ok()) return call.Fail(models.status());
  call.SendJson(EncodeStatistics(*models));
}

void Infer(const ApiCall& call) {
  const auto inference = std::make_shared<Inference>(call);
  Result<InferRequest> request = Prepare(call, inference);
  if (!request.ok()) return call.Fail(request.status());
  call.parts().predictor.Predict(
      std::move(*request), [call, inference](Result<InferResponse> response) {
        if (!response.ok()) return call.Fail(response.status());
        const V2Request& asked = inference->request;
        const AnsweredRun run = call.RunOf(*response, asked.id ? *asked.id : std::string_view());
        call.Answer(EncodeInferAnswer(asked, std::move(*response)), &run);
      });
}

}  // namespace slipway::serve::v2
