#include "serve/grpc/infer_answer.h"

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/wire_writer.h"
#include "serve/predict/classification.h"

namespace slipway::serve::grpc {
namespace {

/// What the parts of an answer point into.
struct Answer {
  InferResponse response;
  WireWriter message;
};

Status MakeClasses(const InferMessage& request, InferResponse& response) {
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    if (request.outputs[i].classes == 0) continue;
    auto& [spec, tensor] = response.outputs[i];
    SLIPWAY_TRY(tensor, Classify(*spec, tensor.view(), request.outputs[i].classes,
                                 LabelsOf(*response.model, spec->name)));
  }
  return {};
}

WireWriter OutputHead(const TensorSpec& spec, const TensorBuffer& tensor) {
  WireWriter head;
  head.Text(1, spec.name);
  head.Text(2, OipName(tensor.dtype()));
  if (tensor.shape().rank() == 0) return head;
  WireWriter dims;
  for (const std::int64_t dim : tensor.shape().dims())
    dims.PackedVarint(static_cast<std::uint64_t>(dim));
  head.Message(3, std::move(dims));
  return head;
}

void WriteMessage(const InferMessage& request, Answer& answer) {
  const ServedModel::Parts& model = *answer.response.model->operator->();
  WireWriter& message = answer.message;
  message.Text(1, model.name);
  message.Text(2, std::to_string(model.version));
  message.TextIfAny(3, request.id);
  for (const auto& [spec, tensor] : answer.response.outputs)
    message.Message(5, OutputHead(*spec, tensor));
  for (const auto& [spec, tensor] : answer.response.outputs)
    message.Bytes(6, std::as_const(tensor).bytes());
}

}  // namespace

Result<OutboundMessage> EncodeInferAnswer(const InferMessage& request, InferResponse response) {
  SLIPWAY_RETURN_IF_ERROR(MakeClasses(request, response));
  const auto answer = std::make_shared<Answer>();
  answer->response = std::move(response);
  WriteMessage(request, *answer);
  OutboundMessage message;
  for (const WireWriter::Piece& piece : answer->message.pieces()) {
    const auto text = std::as_bytes(std::span(piece.text));
    if (message.parts.empty()) {
      message.text += piece.text;
    } else if (!text.empty()) {
      message.parts.push_back({.bytes = text, .keeper = answer});
    }
    if (!piece.borrowed.empty())
      message.parts.push_back({.bytes = piece.borrowed, .keeper = answer});
  }
  return message;
}

}  // namespace slipway::serve::grpc
