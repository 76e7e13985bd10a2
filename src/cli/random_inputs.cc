#include "cli/random_inputs.h"

#include <random>
#include <string_view>

namespace slipway::cli {

namespace {

constexpr std::int64_t kFreeDimension = 16;

Result<TensorBuffer> RandomTensor(const TensorSpec& spec, std::int64_t rows,
                                  std::mt19937_64& random) {
  Shape shape = spec.shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0) shape.SetDim(axis, axis == 0 ? rows : kFreeDimension);
  }
  if (spec.dtype == DType::kString) {
    const std::vector<std::string_view> words(shape.ElementCount().value_or(0), "word");
    return TensorBuffer::FromStrings(shape, words);
  }
  SLIPWAY_TRY(TensorBuffer values, TensorBuffer::Allocate(DType::kF64, shape));
  std::uniform_real_distribution<double> uniform(0, 1);
  const bool whole = !IsFloatingPoint(spec.dtype);
  for (double& value : values.As<double>())
    value = whole ? static_cast<double>(random() & 1U) : uniform(random);
  return ConvertTensor(values.view(), spec.dtype);
}

}  // namespace

Result<std::vector<TensorBuffer>> RandomInputs(const Signature& signature, std::int64_t rows,
                                               std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<TensorBuffer> inputs;
  for (const TensorSpec& spec : signature.inputs) {
    SLIPWAY_TRY(TensorBuffer tensor, RandomTensor(spec, rows, random));
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

}  // namespace slipway::cli
