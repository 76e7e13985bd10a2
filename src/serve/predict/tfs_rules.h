#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/model/model_set.h"
#include "serve/predict/predictor.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/signature.h"

namespace slipway::serve::tfs {

/// What TensorFlow Serving's protocol asks of requests and answers, whether they come as JSON or
/// over gRPC. Refusals are InvalidArgument (kRequestFieldInvalid) without a place. Pure.

/// The only signature that a model has.
inline constexpr std::string_view kSignatureName = "serving_default";
Status CheckSignatureName(std::string_view name);

/// How a type is called.
struct TypeName {
  std::string_view name;  ///< "DT_FLOAT"
  int number = 0;         ///< of tensorflow.DataType
};
TypeName NameOf(DType dtype);
/// kUndefined: there is none, or no model takes it.
DType TypeOfNumber(std::uint64_t number);

/// How a version's state is called.
struct StateName {
  std::string_view name;  ///< "AVAILABLE"
  int number = 0;         ///< of ModelVersionStatus.State
};
StateName NameOf(ModelState state);

/// Versions of a model, one of them where `version` is given. NotFound (kModelNotFound).
Result<std::vector<ModelStatus>> VersionsOf(std::string_view model,
                                            std::optional<std::int64_t> version,
                                            std::span<const ModelStatus> statuses);

/// The shape of one feature of `examples` examples, which have `elements` values in all: what the
/// model has there, or else rows of `row`. InvalidArgument (kTensorDataMismatch).
Result<Shape> ShapeOfFeature(const TensorSpec& spec, std::uint64_t elements, const Shape& row,
                             std::int64_t examples);

/// The scores of a model with one numeric output, so many for each example.
struct Scores {
  std::vector<double> values;
  std::size_t per_example = 0;
  const std::vector<std::string>* labels = nullptr;  ///< of the model

  /// A class's name, or its index.
  std::string LabelOf(std::size_t index) const;
};
/// InvalidArgument: the model has not exactly one numeric output with a row for each example.
Result<Scores> ScoresOf(std::int64_t examples, const InferResponse& response);
/// The same, of one number for each example.
Result<Scores> ValuesOf(std::int64_t examples, const InferResponse& response);

}  // namespace slipway::serve::tfs
