#include "serve/predict/tfs_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::serve::tfs {
namespace {

constexpr std::size_t kShownBytes = 64;

struct TypeRow {
  DType dtype;
  TypeName name;
};
constexpr std::array<TypeRow, 14> kTypes = {{{DType::kF32, {"DT_FLOAT", 1}},
                                             {DType::kF64, {"DT_DOUBLE", 2}},
                                             {DType::kI32, {"DT_INT32", 3}},
                                             {DType::kU8, {"DT_UINT8", 4}},
                                             {DType::kI16, {"DT_INT16", 5}},
                                             {DType::kI8, {"DT_INT8", 6}},
                                             {DType::kString, {"DT_STRING", 7}},
                                             {DType::kI64, {"DT_INT64", 9}},
                                             {DType::kBool, {"DT_BOOL", 10}},
                                             {DType::kBF16, {"DT_BFLOAT16", 14}},
                                             {DType::kU16, {"DT_UINT16", 17}},
                                             {DType::kF16, {"DT_HALF", 19}},
                                             {DType::kU32, {"DT_UINT32", 22}},
                                             {DType::kU64, {"DT_UINT64", 23}}}};

Result<Shape> WithRows(std::int64_t rows, const Shape& row) {
  std::vector<std::int64_t> dims = {rows};
  dims.insert(dims.end(), row.dims().begin(), row.dims().end());
  return Shape::Make(dims);
}

Status Invalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

}  // namespace

Status CheckSignatureName(std::string_view name) {
  if (name.empty() || name == kSignatureName) return {};
  return Invalid(
      fmt::format("Serving signature name: \"{}\" not found in signature def: there is \"{}\"",
                  Printable(name, kShownBytes), kSignatureName));
}

TypeName NameOf(DType dtype) {
  const auto* const found = std::ranges::find(kTypes, dtype, &TypeRow::dtype);
  return found == kTypes.end() ? TypeName{"DT_INVALID", 0} : found->name;
}

DType TypeOfNumber(std::uint64_t number) {
  const auto* const found = std::ranges::find_if(kTypes, [number](const TypeRow& row) {
    return static_cast<std::uint64_t>(row.name.number) == number;
  });
  return found == kTypes.end() ? DType::kUndefined : found->dtype;
}

StateName NameOf(ModelState state) {
  switch (state) {
    case ModelState::kPending:
      return {"START", 10};
    case ModelState::kLoading:
    case ModelState::kWarming:
      return {"LOADING", 20};
    case ModelState::kReady:
      return {"AVAILABLE", 30};
    case ModelState::kUnloading:
      return {"UNLOADING", 40};
    default:
      return {"END", 50};
  }
}

Result<std::vector<ModelStatus>> VersionsOf(std::string_view model,
                                            std::optional<std::int64_t> version,
                                            std::span<const ModelStatus> statuses) {
  std::vector<ModelStatus> versions;
  for (const ModelStatus& status : statuses) {
    if (status.name == model && version.value_or(status.version) == status.version)
      versions.push_back(status);
  }
  if (!versions.empty()) return versions;
  return NotFound(version.has_value()
                      ? fmt::format("Could not find version {} of model {}", *version, model)
                      : fmt::format("Could not find any versions of model {}", model))
      .With(errors::kModelNotFound);
}

Result<Shape> ShapeOfFeature(const TensorSpec& spec, std::uint64_t elements, const Shape& row,
                             std::int64_t examples) {
  Shape shape = spec.shape;
  if (shape.rank() == 0 || (shape[0] >= 0 && shape[0] != examples)) return WithRows(examples, row);
  shape.SetDim(0, examples);
  const auto per_row = static_cast<std::int64_t>(elements) / examples;
  if (shape.rank() == 2 && shape[1] < 0) shape.SetDim(1, per_row);
  if (shape.ElementCount() == elements) return shape;
  return InvalidArgument(fmt::format("feature \"{}\" has {} values an example, the model takes {}",
                                     spec.name, per_row, spec.shape.ToString()))
      .With(errors::kTensorDataMismatch);
}

std::string Scores::LabelOf(std::size_t index) const {
  const bool is_named = labels != nullptr && index < labels->size();
  return is_named ? (*labels)[index] : std::to_string(index);
}

Result<Scores> ScoresOf(std::int64_t examples, const InferResponse& response) {
  const bool is_single = response.outputs.size() == 1;
  if (!is_single || response.outputs[0].second.dtype() == DType::kString ||
      response.outputs[0].second.shape().rank() == 0 ||
      response.outputs[0].second.shape()[0] != examples) {
    return Invalid("the model has not exactly one numeric output with one row for each example")
        .Hint("use :predict");
  }
  Scores scores;
  SLIPWAY_TRY(scores.values, ToDoubles(response.outputs[0].second.view()));
  scores.per_example = scores.values.size() / static_cast<std::size_t>(examples);
  const auto& labels = (*response.model)->labels;
  const auto found = labels.find(response.outputs[0].first->name);
  if (found != labels.end()) scores.labels = &found->second;
  return scores;
}

Result<Scores> ValuesOf(std::int64_t examples, const InferResponse& response) {
  SLIPWAY_TRY(Scores scores, ScoresOf(examples, response));
  if (scores.per_example == 1) return scores;
  return Invalid(fmt::format("the model gives {} numbers for an example, a regression one",
                             scores.per_example))
      .Hint("use :predict");
}

}  // namespace slipway::serve::tfs
