#include "jobs/self_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "jobs/check_inputs.h"
#include "jobs/check_samples.h"
#include "jobs/model_run.h"

namespace slipway::jobs {

namespace {

constexpr std::size_t kMaxWarnings = 5;  // one fault shows in many cases

Status Failed(std::string message) {
  return FailedPrecondition(std::move(message)).With(errors::kSelfCheckFailed);
}

Result<std::vector<TensorBuffer>> InputsFor(const CheckSubject& subject, const CheckCase& check,
                                            std::uint64_t seed) {
  std::vector<TensorBuffer> inputs;
  for (const TensorSpec& spec : subject.signature.inputs) {
    const auto ids = subject.id_counts.find(spec.name);
    SLIPWAY_TRY(TensorBuffer input,
                MakeCheckInput(spec, check, ids == subject.id_counts.end() ? 0 : ids->second,
                               seed + inputs.size()));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

bool IsFinite(const TensorView& view) {
  if (!IsFloatingPoint(view.dtype)) return true;
  if (view.dtype == DType::kF32)
    return std::ranges::all_of(view.As<float>(), [](float x) { return std::isfinite(x); });
  const Result<std::vector<double>> numbers = ToDoubles(view);
  return !numbers.ok() || std::ranges::all_of(*numbers, [](double x) { return std::isfinite(x); });
}

/// The batch that an output must have: the case's, where input and output both name that axis
/// alike.
bool HasBatchOf(const Signature& signature, const TensorSpec& output, const Shape& actual,
                const CheckCase& check) {
  if (output.shape.rank() == 0 || output.shape[0] != -1 || output.axis_names.empty() ||
      output.axis_names[0].empty())
    return true;
  const bool is_shared = std::ranges::any_of(signature.inputs, [&](const TensorSpec& input) {
    return input.shape.rank() > 0 && input.shape[0] == -1 && !input.axis_names.empty() &&
           input.axis_names[0] == output.axis_names[0];
  });
  return !is_shared || actual[0] == check.batch;
}

/// What is wrong with one output of a case, or nothing.
std::string ShapeFault(const Signature& signature, const TensorSpec& spec,
                       const TensorBuffer& output, const CheckCase& check) {
  if (output.dtype() != spec.dtype) {
    return fmt::format("output \"{}\" is {}, declared {}", spec.name, ShortName(output.dtype()),
                       ShortName(spec.dtype));
  }
  if (!spec.shape.Admits(output.shape()) || !HasBatchOf(signature, spec, output.shape(), check)) {
    return fmt::format("output \"{}\" has shape {} on {}, declared {}", spec.name,
                       output.shape().ToString(), check.name, spec.shape.ToString());
  }
  return {};
}

/// Collects what is doubtful and decides what fails.
class Checker {
 public:
  Checker(const CheckSubject& subject, const SelfCheckOptions& options)
      : subject_(subject), options_(options) {}

  Status RunCases() {
    SLIPWAY_TRY(const std::int64_t any_size, FindSize());
    for (const CheckCase& check : PlanCheck(subject_.signature, any_size)) {
      if (result_.check.runs > 0 && watch_.Elapsed() > options_.budget) break;
      SLIPWAY_RETURN_IF_ERROR(RunCase(check));
    }
    return {};
  }

  Status RunSamples(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples) {
      SLIPWAY_TRY(const SampleErrors errors,
                  CompareSample(subject_.executable, subject_.signature, sample,
                                {options_.relative_tolerance, options_.absolute_tolerance}));
      result_.check.max_absolute_error =
          std::max(result_.check.max_absolute_error, errors.max_absolute);
      result_.check.max_relative_error =
          std::max(result_.check.max_relative_error, errors.max_relative);
      ++result_.check.runs;
    }
    result_.check.compared_with_samples = !samples.empty();
    return {};
  }

  SelfCheckResult Finish(std::size_t sample_count) && {
    SelfCheck& check = result_.check;
    const std::uint64_t made = check.runs - sample_count;
    check.summary = fmt::format("structure checked on {} input{}, ", made, made == 1 ? "" : "s");
    check.summary +=
        sample_count == 0
            ? "numbers not compared with the source"
            : fmt::format("{} sample{} compared, largest error {:.2g} absolute, {:.2g} relative",
                          sample_count, sample_count == 1 ? "" : "s", check.max_absolute_error,
                          check.max_relative_error);
    return std::move(result_);
  }

 private:
  /// The smallest size of unbounded dimensions with which the model runs at all.
  Result<std::int64_t> FindSize() const {
    const std::vector<std::int64_t> candidates = AnySizeCandidates(subject_.signature);
    if (candidates.size() == 1) return candidates[0];
    for (const std::int64_t size : candidates) {
      const CheckCase check{fmt::format("sizes of {}", size), Fill::kRandom, 1, size};
      SLIPWAY_TRY(const std::vector<TensorBuffer> inputs,
                  InputsFor(subject_, check, options_.seed));
      if (RunByName(subject_.executable, subject_.signature, inputs).ok()) return size;
    }
    return candidates.front();  // the first case reports why
  }

  Status RunCase(const CheckCase& check) {
    SLIPWAY_TRY(const std::vector<TensorBuffer> inputs, InputsFor(subject_, check, options_.seed));
    const Result<std::vector<TensorBuffer>> outputs =
        RunByName(subject_.executable, subject_.signature, inputs);
    if (!outputs.ok()) {
      return Judge(
          fmt::format("the model does not run on {}: {}", check.name, outputs.status().message()),
          check.decisive);
    }
    ++result_.check.runs;
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      const TensorSpec& spec = subject_.signature.outputs[i];
      const std::string fault = ShapeFault(subject_.signature, spec, (*outputs)[i], check);
      if (!fault.empty()) SLIPWAY_RETURN_IF_ERROR(Judge(fault, true));
      if (IsFinite((*outputs)[i].view())) continue;
      SLIPWAY_RETURN_IF_ERROR(
          Judge(fmt::format("output \"{}\" has NaN or infinity on {}", spec.name, check.name),
                check.fill == Fill::kRandom));
    }
    return {};
  }

  Status Judge(std::string fault, bool is_decisive) {
    if (is_decisive && subject_.is_conversion) return Failed(std::move(fault));
    if (result_.warnings.size() < kMaxWarnings) result_.warnings.push_back(std::move(fault));
    return {};
  }

  const CheckSubject& subject_;
  const SelfCheckOptions& options_;
  const Stopwatch watch_;
  SelfCheckResult result_;
};

}  // namespace

Result<SelfCheckResult> CheckOnEngine(const CheckSubject& subject,
                                      const std::vector<Sample>& samples,
                                      const SelfCheckOptions& options) {
  Checker checker(subject, options);
  SLIPWAY_RETURN_IF_ERROR(checker.RunCases());
  SLIPWAY_RETURN_IF_ERROR(checker.RunSamples(samples));
  return std::move(checker).Finish(samples.size());
}

}  // namespace slipway::jobs
