#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/wire_writer.h"
#include "serve/grpc/infer_answer.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/tensor_proto.h"
#include "serve/grpc/tfs_model_spec.h"
#include "serve/grpc/tfs_predict_message.h"

namespace slipway::serve::grpc {
namespace {

/// One prediction from its message to its answer; lives in the completion.
struct Prediction {
  explicit Prediction(const GrpcCall& the_call) : call(the_call) {}
  const GrpcCall call;  ///< keeps the message
  TfsPredictMessage message;
};

Result<InferRequest> Prepare(const std::shared_ptr<Prediction>& prediction, ModelHandle model) {
  const GrpcCall& call = prediction->call;
  TfsPredictMessage& message = prediction->message;
  SLIPWAY_RETURN_IF_ERROR(DecodePredictMessage(call.message(), (*model)->signature,
                                               call.parts().limits.max_message_bytes, message));
  InferRequest request{.model = std::move(model),
                       .inputs = std::move(message.inputs),
                       .outputs = std::move(message.outputs)};
  SLIPWAY_RETURN_IF_ERROR(call.Complete(request));
  request.keeper = prediction;
  return request;
}

OutboundMessage Encode(InferResponse response) {
  WrittenAnswer answer{.response = std::move(response)};
  WireWriter& message = answer.message;
  for (const auto& output : answer.response.outputs) {
    message.MessageInPlace(1, [&] {
      message.Text(1, output.first->name);
      message.Message(2, WriteTensorProto(output.second.view()));
    });
  }
  message.Message(2, WriteModelSpec(*answer.response.model));
  return InPieces(std::move(answer));
}

}  // namespace

void TfsPredict(const GrpcCall& call) {
  const Result<TfsModelSpec> spec = ReadModelSpecOf(call.message());
  if (!spec.ok()) return call.Fail(spec.status());
  const GrpcCall about = call.About(std::string(spec->name));
  WithModel(about, *spec, [call = about](ModelHandle model) {
    const auto prediction = std::make_shared<Prediction>(call);
    Result<InferRequest> request = Prepare(prediction, std::move(model));
    if (!request.ok()) return call.Fail(request.status());
    call.parts().predictor.Predict(std::move(*request),
                                   [prediction](Result<InferResponse> response) {
                                     if (!response.ok())
                                       return prediction->call.Fail(response.status());
                                     const AnsweredRun run = prediction->call.RunOf(*response);
                                     prediction->call.Answer(Encode(std::move(*response)), &run);
                                   });
  });
}

}  // namespace slipway::serve::grpc
