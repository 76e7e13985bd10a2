#include "serve/predict/sequence_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using Kind = SequenceControl::Kind;

template <class T, class Value>
void Write(Value value, TensorBuffer& tensor) {
  tensor.As<T>().front() = static_cast<T>(value);
}

Status WriteId(const SequenceId& id, TensorBuffer& tensor) {
  const auto* number = std::get_if<std::uint64_t>(&id);
  if (number == nullptr) {
    return InvalidArgument(
               fmt::format("sequence {} is named by a text, and the model takes its number",
                           ToString(id)))
        .With(errors::kRequestFieldInvalid)
        .Hint("name sequences by numbers for this model");
  }
  switch (tensor.dtype()) {
    case DType::kU64:
      Write<std::uint64_t>(*number, tensor);
      break;
    case DType::kI64:
      Write<std::int64_t>(*number, tensor);
      break;
    case DType::kU32:
      Write<std::uint32_t>(*number, tensor);
      break;
    default:
      Write<std::int32_t>(*number, tensor);
  }
  return {};
}

void WriteFlag(double value, TensorBuffer& tensor) {
  switch (tensor.dtype()) {
    case DType::kF32:
      Write<float>(value, tensor);
      break;
    case DType::kBool:
      Write<std::uint8_t>(value != 0, tensor);
      break;
    default:
      Write<std::int32_t>(value, tensor);
  }
}

bool IsSet(Kind kind, const SequenceStep& step) {
  switch (kind) {
    case Kind::kStart:
      return step.is_start;
    case Kind::kEnd:
      return step.is_end;
    default:
      return true;  // kReady: what runs has a request
  }
}

/// A size of one wherever any is allowed.
Shape Smallest(const Shape& shape) {
  Shape smallest = shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0) smallest.SetDim(axis, 1);
  }
  return smallest;
}

}  // namespace

Result<std::vector<TensorBuffer>> MakeControls(const SequenceBatching& sequences,
                                               const Signature& signature,
                                               const SequenceStep& step) {
  std::vector<TensorBuffer> controls;
  for (const SequenceControl& control : sequences.controls) {
    const TensorSpec& spec = *signature.FindInput(control.input);
    SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, Smallest(spec.shape)));
    if (control.kind == Kind::kId) {
      SLIPWAY_RETURN_IF_ERROR(WriteId(step.id, tensor));
    } else {
      WriteFlag(IsSet(control.kind, step) ? control.when_true : control.when_false, tensor);
    }
    controls.push_back(std::move(tensor));
  }
  return controls;
}

Result<std::vector<TensorBuffer>> FirstStates(const SequenceBatching& sequences,
                                              const Signature& signature) {
  std::vector<TensorBuffer> states;
  for (const SequenceState& state : sequences.states) {
    const TensorSpec& spec = *signature.FindInput(state.input);
    SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, Smallest(spec.shape)));
    std::ranges::fill(tensor.bytes(), std::byte{0});
    states.push_back(std::move(tensor));
  }
  return states;
}

std::size_t AddToRequest(const SequenceBatching& sequences, const Signature& signature,
                         const std::vector<TensorBuffer>& controls,
                         const std::vector<TensorBuffer>& states, InferRequest& request) {
  for (std::size_t i = 0; i < controls.size(); ++i)
    request.inputs.push_back({sequences.controls[i].input, controls[i].view()});
  for (std::size_t i = 0; i < states.size(); ++i)
    request.inputs.push_back({sequences.states[i].input, states[i].view()});
  if (request.outputs.empty()) {
    for (const TensorSpec& output : signature.outputs) {
      if (!sequences.Keeps(output.name)) request.outputs.emplace_back(output.name);
    }
  }
  const std::size_t asked = request.outputs.size();
  for (const SequenceState& state : sequences.states) {
    if (std::ranges::find(request.outputs, state.output) == request.outputs.end())
      request.outputs.emplace_back(state.output);
  }
  return asked;
}

Result<std::vector<TensorBuffer>> TakeStates(const SequenceBatching& sequences, std::size_t asked,
                                             InferResponse& response) {
  std::vector<TensorBuffer> states;
  for (const SequenceState& state : sequences.states) {
    const auto output = std::ranges::find_if(
        response.outputs, [&](const auto& each) { return each.first->name == state.output; });
    SLIPWAY_TRY(TensorBuffer copy, TensorBuffer::CopyOf(output->second.view()));
    states.push_back(std::move(copy));
  }
  response.outputs.erase(response.outputs.begin() + static_cast<std::ptrdiff_t>(asked),
                         response.outputs.end());
  return states;
}

std::uint64_t BytesOf(const std::vector<TensorBuffer>& tensors) {
  std::uint64_t bytes = 0;
  for (const TensorBuffer& tensor : tensors) bytes += tensor.bytes().size();
  return bytes;
}

}  // namespace slipway::serve
