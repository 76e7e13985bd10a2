#include "serve/http/tfs_handlers.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/http/tfs_documents.h"
#include "serve/http/tfs_request.h"

namespace slipway::serve::tfs {
namespace {

/// The model and version that a path names; no version: the highest ready one.
using WithVersion = std::function<void(std::string model, std::optional<std::int64_t> version)>;

/// Goes on with what the path names, on the request's loop: at once, or after an alias has been
/// looked up.
void ResolvePath(const ApiCall& call, WithVersion then) {
  const Result<std::string_view> model = call.ModelName();
  if (!model.ok()) return call.Fail(model.status());
  const Result<std::optional<std::int64_t>> version = call.Version();
  if (!version.ok()) return call.Fail(version.status());
  const std::string_view label = call.Capture("label");
  if (label.empty()) return then(std::string(*model), *version);
  if (!IsModelName(label)) {
    return call.Fail(InvalidArgument(fmt::format("\"{}\" is not a label", Printable(label, 64)))
                         .With(errors::kRequestFieldInvalid));
  }
  call.context().aliases.Resolve(
      std::string(*model), std::string(label),
      [call, name = std::string(*model), then = std::move(then)](Result<std::int64_t> resolved) {
        if (!resolved.ok()) return call.Fail(resolved.status());
        call.exchange()->Post([name, then, version = *resolved] { then(name, version); });
      });
}

void ResolveModel(const ApiCall& call, std::function<void(ModelHandle)> then) {
  const std::uint64_t lists = call.parts().control.ListsReplaced();
  ResolvePath(call, [call, lists, then = std::move(then)](const std::string& name,
                                                          std::optional<std::int64_t> version) {
    Result<ModelHandle> model = call.parts().models.Find(name, version);
    const std::string_view label = call.Capture("label");
    if (model.ok()) return then(std::move(*model));
    if (label.empty()) return call.Fail(model.status());
    // The label may have moved since it was looked up.
    if (call.parts().control.ListsReplaced() != lists) return ResolveModel(call, then);
    call.Fail(NotReadyByAlias(label, model.status()));
  });
}

using Decode = Status (*)(std::string_view, const Signature&, Request&);
using Encode = Result<std::string> (*)(const Request&, const InferResponse&);

/// One request from its body to its answer; lives in the completion.
struct Inference {
  explicit Inference(const ApiCall& the_call) : call(the_call) {}

  Request request;
  const ApiCall call;
};

Result<InferRequest> Prepare(const ApiCall& call, ModelHandle model, Decode decode,
                             const std::shared_ptr<Inference>& inference) {
  SLIPWAY_RETURN_IF_ERROR(decode(call.text(), (*model)->signature, inference->request));
  InferRequest request{.model = std::move(model), .inputs = std::move(inference->request.inputs)};
  SLIPWAY_TRY(request.deadline, call.Deadline(std::nullopt));
  request.keeper = inference;
  request.loop = call.exchange()->loop();
  request.abandoned = [exchange = call.exchange().get()] { return exchange->Abandoned(); };
  request.trace = [of = inference.get()] { return of->call.Trace(); };
  return request;
}

net::Response AnswerWith(std::string json) {
  net::Response answer = net::Response::Text(200, "application/json", std::move(json));
  answer.may_compress = true;
  return answer;
}

void Infer(const ApiCall& call, Decode decode, Encode encode) {
  ResolveModel(call, [call, decode, encode](ModelHandle model) {
    const auto inference = std::make_shared<Inference>(call);
    Result<InferRequest> request = Prepare(call, std::move(model), decode, inference);
    if (!request.ok()) return call.Fail(request.status());
    call.parts().predictor.Predict(
        std::move(*request), [call, encode, inference](Result<InferResponse> response) {
          if (!response.ok()) return call.Fail(response.status());
          const AnsweredRun run = call.RunOf(*response);
          Result<std::string> json = encode(inference->request, *response);
          if (!json.ok()) return call.Fail(json.status());
          call.Send(AnswerWith(std::move(*json)), &run);
        });
  });
}

}  // namespace

void ListModels(const ApiCall& call) {
  if (call.parts().dialect == Dialect::kKServe)
    return call.SendJson(EncodeNames(call.parts().models.Statuses()));
  call.Fail(InvalidArgument("Missing model name in request.").With(errors::kRequestFieldInvalid));
}

void VersionStatus(const ApiCall& call) {
  const bool names_all = call.Capture("version").empty() && call.Capture("label").empty();
  if (names_all && call.parts().dialect == Dialect::kKServe) {
    return ResolveModel(
        call, [call](const ModelHandle& model) { call.SendJson(EncodeReady((*model)->name)); });
  }
  ResolvePath(call, [call](const std::string& model, std::optional<std::int64_t> version) {
    Result<std::string> json = EncodeVersionStatus(model, version, call.parts().models.Statuses());
    if (!json.ok()) return call.Fail(json.status());
    call.SendJson(std::move(*json));
  });
}

void Metadata(const ApiCall& call) {
  ResolveModel(call, [call](const ModelHandle& model) { call.SendJson(EncodeMetadata(*model)); });
}

void Predict(const ApiCall& call) {
  Infer(call, DecodePredict, [](const Request& request, const InferResponse& response) {
    return EncodePredictions(request.is_row_form, response);
  });
}

void Classify(const ApiCall& call) {
  Infer(call, DecodeExamples, [](const Request& request, const InferResponse& response) {
    return EncodeClassification(request.examples, response);
  });
}

void Regress(const ApiCall& call) {
  Infer(call, DecodeExamples, [](const Request& request, const InferResponse& response) {
    return EncodeRegression(request.examples, response);
  });
}

}  // namespace slipway::serve::tfs
