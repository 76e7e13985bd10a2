#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "serve/grpc/grpc_stream.h"
#include "serve/grpc/infer_answer.h"
#include "serve/grpc/infer_message.h"
#include "serve/grpc/infer_method.h"
#include "serve/grpc/methods.h"
#include "serve/predict/client_deadline.h"
#include "serve/protocol/outgoing_trace.h"

namespace slipway::serve::grpc {
namespace {

/// One request of a stream, from its message to its answer. Written by whoever runs it until it is
/// `done`, which the loop's thread alone looks at.
struct StreamedInference {
  MonotonicTime began;
  InboundMessage bytes;
  access::Place place;  ///< among those that its caller has in flight
  InferTarget target;
  InferMessage message;
  OutboundMessage answer;
  bool has_empty_final = false;
  bool done = false;
  Code code = Code::kOk;
  std::optional<AnsweredRun> run;  ///< absent: there was none
};

void Fail(StreamedInference& inference, const Status& status) {
  inference.answer = EmptyStreamAnswer(inference.target, status);
  inference.code = status.code();
}

void Encode(StreamedInference& inference, Result<InferResponse> response, const Clock& clock) {
  if (!response.ok()) return Fail(inference, response.status());
  inference.run = AnsweredRun::Of(*response, clock.Now(), inference.message.id);
  const bool is_final = !inference.target.wants_empty_final;
  Result<OutboundMessage> answer =
      EncodeStreamAnswer(inference.message, std::move(*response), is_final);
  if (!answer.ok()) return Fail(inference, answer.status());
  inference.answer = std::move(*answer);
  inference.has_empty_final = !is_final;
}

/// Before its answer leaves.
void Tell(const GrpcStream& stream, const StreamedInference& inference) {
  const MonotonicTime now = stream.parts().clock.Now();
  if (inference.run) CountEncoding(*inference.run, now);
  std::uint64_t bytes_out = inference.answer.text.size();
  for (const net::BodyPart& part : inference.answer.parts) bytes_out += part.bytes.size();
  stream.TellOf({.code = static_cast<int>(inference.code),
                 .total = now - inference.began,
                 .bytes_in = inference.bytes.bytes.size(),
                 .bytes_out = bytes_out,
                 .model = inference.target.model,
                 .run = inference.run ? &*inference.run : nullptr,
                 .now = now});
}

/// Several requests are on their way at one time; their answers leave in the order of the requests.
/// An error belongs to its request, and the call goes on.
class InferStream final : public StreamMethod {
 public:
  bool MayTake(const GrpcStream& stream) const override {
    return in_order_.size() < stream.parts().limits.max_stream_requests;
  }

  void Take(GrpcStream& stream, InboundMessage message) override {
    const auto inference = std::make_shared<StreamedInference>();
    inference->began = stream.parts().clock.Now();
    inference->bytes = std::move(message);
    in_order_.push_back(inference);
    Result<InferRequest> request = Prepare(stream, inference);
    if (!request.ok()) {
      Fail(*inference, request.status());
      inference->done = true;
      return;
    }
    stream.parts().predictor.Predict(
        std::move(*request),
        [inference, stream = stream.shared_from_this()](Result<InferResponse> response) {
          Encode(*inference, std::move(response), stream->parts().clock);
          stream->exchange().Run([inference, stream] {
            inference->done = true;
            stream->Work();
          });
        });
  }

  void Flush(GrpcStream& stream) override {
    while (!in_order_.empty() && in_order_.front()->done && stream.HasRoom()) {
      const std::shared_ptr<StreamedInference> first = std::move(in_order_.front());
      in_order_.pop_front();
      Tell(stream, *first);
      stream.Send(std::move(first->answer));
      if (first->has_empty_final) stream.Send(EmptyStreamAnswer(first->target, {}));
    }
  }

  bool IsDone(const GrpcStream&) const override { return in_order_.empty(); }

 private:
  static Result<InferRequest> Prepare(GrpcStream& stream,
                                      const std::shared_ptr<StreamedInference>& inference) {
    const std::span<const std::byte> bytes = inference->bytes.bytes;
    SLIPWAY_TRY(inference->target, ReadTarget(bytes));
    SLIPWAY_TRY(inference->place, stream.AdmitMessage());
    SLIPWAY_TRY(InferRequest request,
                DecodeInference(stream.parts(), inference->target, bytes, inference->message));
    request.deadline =
        EarliestDeadline(stream.parts().clock.Now(), std::nullopt, inference->message.timeout,
                         stream.parts().limits.max_deadline);
    if (stream.deadline())
      request.deadline =
          std::min(*stream.deadline(), request.deadline.value_or(*stream.deadline()));
    request.keeper = inference;
    request.abandoned = [exchange = stream.shared_exchange()] { return exchange->Abandoned(); };
    request.trace = [exchange = stream.shared_exchange()] {
      return CallersTrace(exchange->head());
    };
    request.loop = stream.exchange().loop();
    return request;
  }

  std::deque<std::shared_ptr<StreamedInference>> in_order_;
};

}  // namespace

std::unique_ptr<StreamMethod> StreamInfer() { return std::make_unique<InferStream>(); }

}  // namespace slipway::serve::grpc
