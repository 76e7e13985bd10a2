#include "jobs/check_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/model_run.h"

namespace slipway::jobs {

namespace {

using NamedBuffers = std::vector<std::pair<std::string, TensorBuffer>>;

/// The tensor that an array of a sample is for, or nullptr.
const TensorSpec* SpecFor(const std::vector<TensorSpec>& specs, std::string_view name,
                          std::string_view prefix, std::size_t array_count) {
  const auto found = std::ranges::find(specs, name, &TensorSpec::name);
  if (found != specs.end()) return &*found;
  if (name.starts_with(prefix)) {
    const auto index = ParseUint64(name.substr(prefix.size()));
    if (index && *index < specs.size()) return &specs[*index];
  }
  return specs.size() == 1 && array_count == 1 ? &specs[0] : nullptr;
}

Result<TensorBuffer> Fit(const TensorBuffer& given, const TensorSpec& spec) {
  if (!spec.shape.Admits(given.shape())) {
    return InvalidArgument(
               fmt::format("sample for {} has shape {}", ToString(spec), given.shape().ToString()))
        .With(errors::kTensorShapeMismatch);
  }
  if (given.dtype() == spec.dtype) return TensorBuffer::CopyOf(given.view());
  return ConvertTensor(given.view(), spec.dtype);
}

Result<NamedBuffers> FitSide(const NamedBuffers& arrays, const std::vector<TensorSpec>& specs,
                             std::string_view prefix) {
  NamedBuffers fitted;
  for (const auto& [name, tensor] : arrays) {
    const TensorSpec* spec = SpecFor(specs, name, prefix, arrays.size());
    if (spec == nullptr) {
      return InvalidArgument(
                 fmt::format("the sample's array \"{}\" belongs to no tensor of the model",
                             Printable(name)))
          .With(errors::kTensorNameUnknown);
    }
    SLIPWAY_TRY(TensorBuffer buffer, Fit(tensor, *spec));
    fitted.emplace_back(spec->name, std::move(buffer));
  }
  return fitted;
}

/// In the signature's order. Every input is needed.
Result<std::vector<TensorBuffer>> InputsOf(Sample&& sample, const Signature& signature) {
  std::vector<TensorBuffer> inputs;
  for (const TensorSpec& spec : signature.inputs) {
    const auto found =
        std::ranges::find(sample.inputs, spec.name, &std::pair<std::string, TensorBuffer>::first);
    if (found == sample.inputs.end())
      return InvalidArgument(fmt::format("the sample lacks input \"{}\"", spec.name));
    inputs.push_back(std::move(found->second));
  }
  return inputs;
}

struct Difference {
  SampleErrors errors;
  bool is_within = true;
};

Result<Difference> CompareNumbers(const TensorView& actual, const TensorView& expected,
                                  const Tolerance& tolerance) {
  SLIPWAY_TRY(const std::vector<double> got, ToDoubles(actual));
  SLIPWAY_TRY(const std::vector<double> want, ToDoubles(expected));
  double largest = 1;
  for (const double value : want) largest = std::max(largest, std::abs(value));
  Difference difference;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i]))) continue;
    const double error = std::abs(got[i] - want[i]);
    // Written so that a NaN on one side only is out of tolerance.
    if (!(error <= tolerance.absolute * largest + tolerance.relative * std::abs(want[i])))
      difference.is_within = false;
    difference.errors.max_absolute = std::max(difference.errors.max_absolute, error);
    if (std::abs(want[i]) > tolerance.absolute) {
      difference.errors.max_relative =
          std::max(difference.errors.max_relative, error / std::abs(want[i]));
    }
  }
  return difference;
}

Result<Difference> Compare(const TensorView& actual, const TensorView& expected,
                           const Tolerance& tolerance) {
  if (!(actual.shape == expected.shape)) return Difference{.is_within = false};
  if (expected.dtype != DType::kString) return CompareNumbers(actual, expected, tolerance);
  return Difference{.is_within = std::ranges::equal(actual.bytes, expected.bytes)};
}

Status Exceeded(const std::string& output, const TensorBuffer& actual, const TensorBuffer& expected,
                const Difference& difference) {
  std::string message =
      actual.shape() == expected.shape()
          ? fmt::format("output \"{}\" differs from the sample by up to {:.3g} (relative {:.3g})",
                        output, difference.errors.max_absolute, difference.errors.max_relative)
          : fmt::format("output \"{}\" has shape {}, the sample {}", output,
                        actual.shape().ToString(), expected.shape().ToString());
  return FailedPrecondition(std::move(message))
      .With(errors::kSelfCheckFailed)
      .Hint(
          "check that the sample was computed by this very model; --tolerance widens the "
          "comparison");
}

}  // namespace

Result<Sample> FitSample(const Sample& sample, const Signature& signature) {
  Sample fitted;
  SLIPWAY_TRY(fitted.inputs, FitSide(sample.inputs, signature.inputs, "in_"));
  SLIPWAY_TRY(fitted.expected, FitSide(sample.expected, signature.outputs, "out_"));
  return fitted;
}

Result<SampleErrors> CompareSample(const engine::Executable& executable, const Signature& signature,
                                   const Sample& sample, const Tolerance& tolerance) {
  SLIPWAY_TRY(Sample fitted, FitSample(sample, signature));
  const NamedBuffers expected = std::move(fitted.expected);
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs, InputsOf(std::move(fitted), signature));
  SLIPWAY_TRY(const std::vector<TensorBuffer> outputs, RunByName(executable, signature, inputs));
  SampleErrors errors;
  for (const auto& [name, want] : expected) {
    const auto spec = std::ranges::find(signature.outputs, name, &TensorSpec::name);
    const TensorBuffer& got = outputs[static_cast<std::size_t>(spec - signature.outputs.begin())];
    SLIPWAY_TRY(const Difference difference, Compare(got.view(), want.view(), tolerance));
    if (!difference.is_within) return Exceeded(name, got, want, difference);
    errors.max_absolute = std::max(errors.max_absolute, difference.errors.max_absolute);
    errors.max_relative = std::max(errors.max_relative, difference.errors.max_relative);
  }
  return errors;
}

}  // namespace slipway::jobs
