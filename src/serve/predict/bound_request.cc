#include "serve/predict/bound_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kMaxNameInMessage = 64;

std::optional<std::size_t> IndexOf(const std::vector<TensorSpec>& specs, std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  return std::nullopt;
}

Status UnknownTensor(std::string_view kind, std::string_view name,
                     const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  Status unknown =
      InvalidArgument(fmt::format("the model has no {} \"{}\"; it has: {}", kind,
                                  Printable(name, kMaxNameInMessage),
                                  Printable(fmt::format("{}", fmt::join(names, ", ")))))
          .With(errors::kTensorNameUnknown);
  const std::optional<std::string> near = DidYouMean(name, names);
  return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
}

Status RepeatedTensor(std::string_view kind, const TensorSpec& spec) {
  return InvalidArgument(fmt::format("{} \"{}\" occurs twice", kind, spec.name))
      .With(errors::kRequestFieldInvalid);
}

Status BindInputs(const Signature& signature, std::span<const InferInput> inputs,
                  BoundRequest& bound) {
  bound.inputs.resize(signature.inputs.size());
  for (const InferInput& input : inputs) {
    const std::optional<std::size_t> index = IndexOf(signature.inputs, input.name);
    if (!index) return UnknownTensor("input", input.name, signature.inputs);
    const TensorSpec& spec = signature.inputs[*index];
    TensorView& place = bound.inputs[*index];
    if (place.dtype != DType::kUndefined) return RepeatedTensor("input", spec);
    SLIPWAY_RETURN_IF_ERROR(CheckTensor(spec, input.tensor));
    place = input.tensor;
    bound.bytes += input.tensor.bytes.size();
  }
  for (std::size_t i = 0; i < bound.inputs.size(); ++i) {
    if (bound.inputs[i].dtype != DType::kUndefined) continue;
    return InvalidArgument(fmt::format("input \"{}\" is missing: {}", signature.inputs[i].name,
                                       ToString(signature.inputs[i])))
        .With(errors::kTensorNameUnknown);
  }
  return {};
}

Status BindOutputs(const Signature& signature, std::span<const std::string_view> outputs,
                   BoundRequest& bound) {
  bound.wanted.reserve(outputs.empty() ? signature.outputs.size() : outputs.size());
  if (outputs.empty()) {
    for (std::size_t i = 0; i < signature.outputs.size(); ++i) bound.wanted.push_back(i);
    return {};
  }
  for (const std::string_view name : outputs) {
    const std::optional<std::size_t> index = IndexOf(signature.outputs, name);
    if (!index) return UnknownTensor("output", name, signature.outputs);
    if (std::ranges::find(bound.wanted, *index) != bound.wanted.end())
      return RepeatedTensor("output", signature.outputs[*index]);
    bound.wanted.push_back(*index);
  }
  return {};
}

Status CountRows(const Signature& signature, BoundRequest& bound) {
  if (!signature.IsBatchable()) return {};
  bound.rows = bound.inputs.front().shape[0];
  if (bound.rows == 0) {
    return InvalidArgument(fmt::format("input \"{}\" has no rows", signature.inputs[0].name))
        .With(errors::kTensorShapeMismatch)
        .Hint("send at least one row; the size of the body bounds how many");
  }
  for (std::size_t i = 1; i < bound.inputs.size(); ++i) {
    if (bound.inputs[i].shape[0] == bound.rows) continue;
    return InvalidArgument(fmt::format("input \"{}\" has {} rows, input \"{}\" has {}",
                                       signature.inputs[0].name, bound.rows,
                                       signature.inputs[i].name, bound.inputs[i].shape[0]))
        .With(errors::kTensorShapeMismatch);
  }
  return {};
}

}  // namespace

Result<BoundRequest> Bind(const Signature& signature, std::span<const InferInput> inputs,
                          std::span<const std::string_view> outputs) {
  BoundRequest bound;
  SLIPWAY_RETURN_IF_ERROR(BindInputs(signature, inputs, bound));
  SLIPWAY_RETURN_IF_ERROR(BindOutputs(signature, outputs, bound));
  SLIPWAY_RETURN_IF_ERROR(CountRows(signature, bound));
  return bound;
}

Status CheckRows(const ServedModel& model, std::int64_t rows) {
  const std::int64_t most = model->config.max_batch_size;
  if (most == 0 || rows <= most) return {};
  return InvalidArgument(
             fmt::format("the request has {} rows, max_batch_size of model \"{}\" is {}", rows,
                         model->name, most))
      .With(errors::kTensorShapeMismatch);
}

}  // namespace slipway::serve
