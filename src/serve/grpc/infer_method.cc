#include "serve/grpc/infer_method.h"

#include <memory>
#include <utility>

#include "serve/grpc/infer_answer.h"
#include "serve/grpc/infer_message.h"
#include "serve/grpc/methods.h"

namespace slipway::serve::grpc {
namespace {

/// One inference from its message to its answer; the request keeps it.
struct Inference {
  Inference(const GrpcCall& the_call, const InferTarget& the_target)
      : call(the_call), target(the_target) {}
  void Fail(const Status& status) const { call.About(std::string(target.model)).Fail(status); }

  const GrpcCall call;  ///< keeps the message
  const InferTarget target;
  InferMessage message;
};

/// The request keeps nothing yet: its keeper will be the inference.
Result<InferRequest> Prepare(Inference& inference) {
  const GrpcCall& call = inference.call;
  SLIPWAY_TRY(InferRequest request,
              DecodeInference(call.parts(), inference.target, call.message(), inference.message));
  SLIPWAY_TRY(request.deadline, call.Deadline(inference.message.timeout));
  request.abandoned = [exchange = call.exchange().get()] { return exchange->Abandoned(); };
  request.trace = [of = &inference] { return of->call.TraceOf(of->target.model); };
  request.loop = call.exchange()->loop();
  return request;
}

}  // namespace

Result<InferRequest> DecodeInference(const GrpcApiParts& parts, const InferTarget& target,
                                     std::span<const std::byte> bytes, InferMessage& message) {
  SLIPWAY_TRY(ModelHandle model, FindModel(parts.models, target.model, target.version));
  SLIPWAY_RETURN_IF_ERROR(DecodeInferMessage(bytes, (*model)->signature, message));
  SLIPWAY_RETURN_IF_ERROR(
      PlaceShared(parts.shared_memory, parts.limits.max_message_bytes, message));
  InferRequest request{.model = std::move(model), .inputs = std::move(message.inputs)};
  request.priority = message.priority;
  request.sequence = std::move(message.sequence);
  for (const RequestedOutput& output : message.outputs) request.outputs.push_back(output.name);
  return request;
}

void ModelInfer(const GrpcCall& call) {
  const Result<InferTarget> target = ReadTarget(call.message());
  if (!target.ok()) return call.Fail(target.status());
  auto inference = std::make_shared<Inference>(call, *target);
  Result<InferRequest> request = Prepare(*inference);
  if (!request.ok()) return inference->Fail(request.status());
  const Inference& of = *inference;
  request->keeper = std::move(inference);
  call.parts().predictor.Predict(std::move(*request), [&of](Result<InferResponse>&& response) {
    if (!response.ok()) return of.Fail(response.status());
    const AnsweredRun run = of.call.RunOf(*response, of.message.id);
    Result<OutboundMessage> answer = EncodeInferAnswer(of.message, std::move(*response));
    if (!answer.ok()) return of.Fail(answer.status());
    of.call.Answer(std::move(*answer), &run);
  });
}

}  // namespace slipway::serve::grpc
