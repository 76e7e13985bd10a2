#include <memory>
#include <string>
#include <utility>

#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"
#include "serve/grpc/tfs_examples.h"
#include "serve/grpc/tfs_model_spec.h"
#include "serve/predict/tfs_rules.h"
#include "tensorflow/serving.pb.h"

namespace slipway::serve::grpc {
namespace {

namespace pb = tensorflow::serving;

/// One request from its message to its answer; lives in the completion.
template <class Request>
struct ExampleCall {
  ExampleCall(const GrpcCall& the_call, Request the_request)
      : call(the_call), request(std::move(the_request)) {}
  const GrpcCall call;
  const Request request;  ///< the inputs are views of its strings
  TfsExamples examples;
};

template <class Request>
Result<InferRequest> Prepare(const std::shared_ptr<ExampleCall<Request>>& work, ModelHandle model) {
  SLIPWAY_RETURN_IF_ERROR(
      DecodeExamples(work->request.input(), (*model)->signature, work->examples));
  InferRequest request{.model = std::move(model), .inputs = std::move(work->examples.inputs)};
  SLIPWAY_RETURN_IF_ERROR(work->call.Complete(request));
  request.keeper = work;
  return request;
}

/// `encode(examples, response)` makes the answer, but for its ModelSpec.
template <class Request, class Encode>
void Infer(const GrpcCall& call, Encode encode) {
  Result<Request> message = Parse<Request>(call.message());
  if (!message.ok()) return call.Fail(message.status());
  const Result<TfsModelSpec> spec = ReadModelSpecOf(call.message());
  if (!spec.ok()) return call.Fail(spec.status());
  const auto work = std::make_shared<ExampleCall<Request>>(call.About(std::string(spec->name)),
                                                           std::move(*message));
  WithModel(work->call, *spec, [work, encode](ModelHandle model) {
    Result<InferRequest> request = Prepare(work, std::move(model));
    if (!request.ok()) return work->call.Fail(request.status());
    work->call.parts().predictor.Predict(
        std::move(*request), [work, encode](Result<InferResponse> response) {
          if (!response.ok()) return work->call.Fail(response.status());
          const AnsweredRun run = work->call.RunOf(*response);
          auto answer = encode(work->examples.count, *response);
          if (!answer.ok()) return work->call.Fail(answer.status());
          answer->mutable_model_spec()->ParseFromString(WriteModelSpec(*response->model).Joined());
          AnswerWith(work->call, *answer, &run);
        });
  });
}

Result<pb::ClassificationResponse> EncodeClasses(std::int64_t examples,
                                                 const InferResponse& response) {
  SLIPWAY_TRY(const tfs::Scores scores, tfs::ScoresOf(examples, response));
  pb::ClassificationResponse answer;
  pb::Classifications* row = nullptr;
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    const std::size_t index = i % scores.per_example;
    if (index == 0) row = answer.mutable_result()->add_classifications();
    pb::Class& scored = *row->add_classes();
    scored.set_label(scores.LabelOf(index));
    scored.set_score(static_cast<float>(scores.values[i]));
  }
  return answer;
}

Result<pb::RegressionResponse> EncodeValues(std::int64_t examples, const InferResponse& response) {
  SLIPWAY_TRY(const tfs::Scores scores, tfs::ValuesOf(examples, response));
  pb::RegressionResponse answer;
  for (const double value : scores.values)
    answer.mutable_result()->add_regressions()->set_value(static_cast<float>(value));
  return answer;
}

}  // namespace

void TfsClassify(const GrpcCall& call) { Infer<pb::ClassificationRequest>(call, EncodeClasses); }
void TfsRegress(const GrpcCall& call) { Infer<pb::RegressionRequest>(call, EncodeValues); }

}  // namespace slipway::serve::grpc
