#include "serve/grpc/infer_answer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/wire_writer.h"
#include "serve/predict/classification.h"
#include "serve/predict/error_text.h"
#include "serve/shared_memory/shared_tensors.h"

namespace slipway::serve::grpc {
namespace {

/// Of an answer without its tensors; a larger one grows.
constexpr std::size_t kUsualBytes = 256;
constexpr std::string_view kFinalResponse = "triton_final_response";

/// An entry of a map of parameters.
WireWriter Parameter(std::string_view key, const WireWriter& choice) {
  WireWriter entry;
  entry.Text(1, key);
  entry.Message(2, choice);
  return entry;
}

WireWriter Number(std::uint64_t value) {
  WireWriter choice;
  choice.Varint(2, value);
  return choice;
}

WireWriter Text(std::string_view value) {
  WireWriter choice;
  choice.Text(3, value);
  return choice;
}

void WriteOutputHead(const TensorSpec& spec, const TensorBuffer& tensor, const SharedRange* range,
                     WireWriter& head) {
  head.Text(1, spec.name);
  head.Text(2, OipName(tensor.dtype()));
  if (tensor.shape().rank() > 0) {
    head.MessageInPlace(3, [&] {
      for (const std::int64_t dim : tensor.shape().dims())
        head.PackedVarint(static_cast<std::uint64_t>(dim));
    });
  }
  if (range == nullptr) return;
  head.Message(4, Parameter(kSharedRegionKey, Text(range->region())));
  head.Message(4, Parameter(kSharedOffsetKey, Number(range->offset())));
  head.Message(4, Parameter(kSharedSizeKey, Number(tensor.bytes().size())));
}

/// A parameter that is true or false.
WireWriter Flag(std::string_view key, bool value) {
  WireWriter choice;
  choice.Varint(1, value ? 1 : 0);
  return Parameter(key, choice);
}

void WriteInferMessage(const InferMessage& request, const InferResponse& response,
                       std::optional<bool> is_final, WireWriter& message) {
  const ServedModel::Parts& model = *response.model->operator->();
  message.Reserve(kUsualBytes);
  message.Text(1, model.name);
  message.Text(2, std::to_string(model.version));
  message.TextIfAny(3, request.id);
  if (is_final) message.Message(4, Flag(kFinalResponse, *is_final));
  const auto& outputs = response.outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    message.MessageInPlace(5, [&] {
      WriteOutputHead(*outputs[i].first, outputs[i].second, RangeOf(request.outputs, i), message);
    });
  }
  // Clients count the entries, so an output in shared memory has an empty one.
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const bool is_shared = RangeOf(request.outputs, i) != nullptr;
    message.Bytes(6, is_shared ? std::span<const std::byte>() : outputs[i].second.bytes());
  }
}

/// What is left to do to the outputs before they are written.
Status Finish(const InferMessage& request, InferResponse& response) {
  SLIPWAY_RETURN_IF_ERROR(ClassifyWished(request.outputs, response));
  return WriteShared(request.outputs, response.outputs);
}

}  // namespace

OutboundMessage InPieces(WrittenAnswer answer) {
  OutboundMessage message;
  if (!answer.message.HasBorrowed()) {
    message.text = std::move(answer.message).TakeText();
    return message;
  }
  message.text.clear();
  const auto kept = std::make_shared<const WrittenAnswer>(std::move(answer));
  for (const WireWriter::Piece& piece : kept->message.pieces()) {
    const auto text = std::as_bytes(std::span(piece.text));
    if (message.parts.empty()) {
      message.text += piece.text;
    } else if (!text.empty()) {
      message.parts.push_back({.bytes = text, .keeper = kept});
    }
    if (!piece.borrowed.empty()) message.parts.push_back({.bytes = piece.borrowed, .keeper = kept});
  }
  return message;
}

Result<OutboundMessage> EncodeInferAnswer(const InferMessage& request, InferResponse response) {
  SLIPWAY_RETURN_IF_ERROR(Finish(request, response));
  WrittenAnswer answer{.response = std::move(response)};
  WriteInferMessage(request, answer.response, std::nullopt, answer.message);
  return InPieces(std::move(answer));
}

Result<OutboundMessage> EncodeStreamAnswer(const InferMessage& request, InferResponse response,
                                           bool is_final) {
  SLIPWAY_RETURN_IF_ERROR(Finish(request, response));
  WrittenAnswer answer{.response = std::move(response)};
  answer.message.MessageInPlace(
      2, [&] { WriteInferMessage(request, answer.response, is_final, answer.message); });
  return InPieces(std::move(answer));
}

OutboundMessage EmptyStreamAnswer(const InferTarget& target, const Status& error) {
  WireWriter inner;
  inner.TextIfAny(1, target.model);
  inner.TextIfAny(2, target.version);
  inner.TextIfAny(3, target.id);
  inner.Message(4, Flag(kFinalResponse, true));
  WireWriter whole;
  if (!error.ok()) whole.Text(1, ErrorText(error));
  whole.Message(2, inner);
  OutboundMessage message;
  message.text += whole.Joined();
  return message;
}

}  // namespace slipway::serve::grpc
