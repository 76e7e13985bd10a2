#pragma once

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/status.h"
#include "serve/grpc/grpc_call.h"
#include "serve/grpc/grpc_stream.h"
#include "serve/grpc/wire_text.h"

namespace slipway::serve::grpc {

/// Between calls and protobuf's generated messages: for the methods that need not be fast. Only in
/// .cc files.

/// Protobuf writes nothing to standard error from now on: a client must not be able to fill a log.
void SilenceProtobuf();

/// The request's message. InvalidArgument: the bytes are not one (groups nest to 100, texts are
/// UTF-8).
template <class Message>
Result<Message> Parse(std::span<const std::byte> bytes) {
  Message message;
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (fits && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
  return FieldInvalid("the bytes are not a " + message.GetTypeName());
}

inline void AnswerWith(const GrpcCall& call, const google::protobuf::MessageLite& message,
                       const AnsweredRun* run = nullptr) {
  OutboundMessage answer;
  message.AppendToString(&answer.text);
  call.Answer(std::move(answer), run);
}

inline void SendMessage(GrpcStream& stream, const google::protobuf::MessageLite& message) {
  OutboundMessage answer;
  message.AppendToString(&answer.text);
  stream.Send(std::move(answer));
}

/// Parse, `use(request)`, answer: the whole of a method that needs nothing else.
template <class Request, class Use>
void Respond(const GrpcCall& call, const Use& use) {
  const Result<Request> request = Parse<Request>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  const auto response = use(*request);
  if (!response.ok()) return call.Fail(response.status());
  AnswerWith(call, *response);
}

}  // namespace slipway::serve::grpc
