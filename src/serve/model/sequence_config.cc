#include "serve/model/sequence_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::serve {
namespace {

Status Wrong(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Result<const TensorSpec*> Find(const std::vector<TensorSpec>& tensors, std::string_view kind,
                               const std::string& name, DType dtype) {
  const auto found = std::ranges::find(tensors, name, &TensorSpec::name);
  if (found == tensors.end())
    return Wrong(fmt::format("the model has no {} \"{}\"", kind, Printable(name, 64)));
  if (found->dtype != dtype)
    return Wrong(fmt::format("{} \"{}\" is {} in the configuration and {} in the model", kind, name,
                             OipName(dtype), OipName(found->dtype)));
  return &*found;
}

bool IsIdType(DType dtype) {
  return dtype == DType::kU64 || dtype == DType::kI64 || dtype == DType::kU32 ||
         dtype == DType::kI32;
}

Status CheckControl(const SequenceControl& control, const Signature& signature) {
  if (control.kind == SequenceControl::Kind::kId && !IsIdType(control.dtype))
    return Wrong(fmt::format("a sequence's id is no {}", OipName(control.dtype)));
  SLIPWAY_TRY(const TensorSpec* spec,
              Find(signature.inputs, "input", control.input, control.dtype));
  const auto is_one = [](std::int64_t dim) { return dim == 1 || dim == -1; };
  if (std::ranges::all_of(spec->shape.dims(), is_one)) return {};
  return Wrong(fmt::format("control input {} holds more than one value", ToString(*spec)));
}

/// Whether the dimensions behind the batch are as the configuration says.
bool HasDims(const TensorSpec& spec, std::span<const std::int64_t> dims) {
  const auto own = spec.shape.dims();
  const bool has_batch = own.size() == dims.size() + 1;
  return (has_batch || own.size() == dims.size()) &&
         std::ranges::equal(own.last(dims.size()), dims, [](std::int64_t a, std::int64_t b) {
           return a == b || a == -1 || b == -1;
         });
}

Status CheckState(const SequenceState& state, const Signature& signature) {
  if (state.dtype == DType::kString) return Wrong("a state of strings is not kept");
  SLIPWAY_TRY(const TensorSpec* input, Find(signature.inputs, "input", state.input, state.dtype));
  SLIPWAY_TRY(const TensorSpec* output,
              Find(signature.outputs, "output", state.output, state.dtype));
  for (const TensorSpec* spec : {input, output}) {
    if (!HasDims(*spec, state.dims))
      return Wrong(fmt::format("{} has not the dimensions [{}]", ToString(*spec),
                               fmt::join(state.dims, ",")));
  }
  return {};
}

Status CheckNamedOnce(const SequenceBatching& sequences) {
  std::set<std::string_view> inputs;
  std::set<std::string_view> outputs;
  const auto twice = [](std::string_view kind, std::string_view name) {
    return Wrong(fmt::format("{} \"{}\" is named twice", kind, Printable(name, 64)));
  };
  for (const SequenceControl& control : sequences.controls) {
    if (!inputs.insert(control.input).second) return twice("input", control.input);
  }
  for (const SequenceState& state : sequences.states) {
    if (!inputs.insert(state.input).second) return twice("input", state.input);
    if (!outputs.insert(state.output).second) return twice("output", state.output);
  }
  return {};
}

}  // namespace

bool SequenceBatching::Fills(std::string_view input) const {
  const auto has_name = [&](const auto& each) { return each.input == input; };
  return std::ranges::any_of(controls, has_name) || std::ranges::any_of(states, has_name);
}

bool SequenceBatching::Keeps(std::string_view output) const {
  return std::ranges::find(states, output, &SequenceState::output) != states.end();
}

Status CheckSequences(const SequenceBatching& sequences, const Signature& signature) {
  SLIPWAY_RETURN_IF_ERROR(CheckNamedOnce(sequences));
  for (const SequenceControl& control : sequences.controls)
    SLIPWAY_RETURN_IF_ERROR(CheckControl(control, signature).At("control_input"));
  for (const SequenceState& state : sequences.states)
    SLIPWAY_RETURN_IF_ERROR(CheckState(state, signature).At("state"));
  return {};
}

}  // namespace slipway::serve
