#include "serve/model/batch_measurement.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "serve/batch/row_trial.h"

namespace slipway::serve {
namespace {

constexpr std::int64_t kSizes[] = {1, 2, 4, 8, 16, 32, 64};
constexpr std::int64_t kRowsCompared = std::size(kTrialMagnitudes);
constexpr int kRunsPerSize = 5;
constexpr std::chrono::milliseconds kBudget{15};
/// Inputs larger than this are copied together for more than the joint run saves.
constexpr std::uint64_t kMostInputBytes = 1 << 20;
/// Growth of the price of a row from which larger batches are not tried.
constexpr double kNoLongerPays = 1.1;

/// The same rows again and again, as many as a run wants.
class Rows {
 public:
  static Result<Rows> Make(const Signature& signature, std::int64_t count) {
    Rows rows;
    std::minstd_rand random(1);  // the same numbers each time: so is the verdict
    for (const TensorSpec& spec : signature.inputs) {
      Shape shape = spec.shape;
      shape.SetDim(0, count);
      SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, shape));
      const std::size_t row_bytes = tensor.bytes().size() / static_cast<std::size_t>(count);
      for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
        FillRows(spec.dtype, tensor.bytes().subspan(row * row_bytes, row_bytes),
                 kTrialMagnitudes[row % std::size(kTrialMagnitudes)], random);
      }
      rows.tensors_.push_back(std::move(tensor));
    }
    return rows;
  }

  std::vector<TensorView> Views(std::int64_t first, std::int64_t count) const {
    std::vector<TensorView> views;
    for (const TensorBuffer& tensor : tensors_) {
      const auto row_bytes = static_cast<std::int64_t>(tensor.bytes().size()) / tensor.shape()[0];
      Shape shape = tensor.shape();
      shape.SetDim(0, count);
      views.push_back({tensor.dtype(), shape,
                       tensor.bytes().subspan(static_cast<std::size_t>(first * row_bytes),
                                              static_cast<std::size_t>(count * row_bytes))});
    }
    return views;
  }

 private:
  std::vector<TensorBuffer> tensors_;
};

Result<std::vector<TensorBuffer>> RunRows(const engine::Executable& executable, const Rows& rows,
                                          std::int64_t first, std::int64_t count) {
  std::vector<std::size_t> wanted(executable.signature().outputs.size());
  std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  std::vector<TensorBuffer> outputs(wanted.size());
  SLIPWAY_RETURN_IF_ERROR(executable.Run(rows.Views(first, count), wanted, outputs));
  return outputs;
}

/// Whether each row of `together` is what the row gave alone.
Result<bool> AreRowsIndependent(const engine::Executable& executable, const Rows& rows) {
  SLIPWAY_TRY(const auto together, RunRows(executable, rows, 0, kRowsCompared));
  for (std::int64_t row = 0; row < kRowsCompared; ++row) {
    SLIPWAY_TRY(const auto alone, RunRows(executable, rows, row, 1));
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const TensorView one = alone[i].view();
      const TensorView all = together[i].view();
      if (all.bytes.size() != one.bytes.size() * kRowsCompared) return false;
      const auto part =
          all.bytes.subspan(static_cast<std::size_t>(row) * one.bytes.size(), one.bytes.size());
      SLIPWAY_TRY(const bool agree, RowsAgree({one.dtype, one.shape, part}, one));
      if (!agree) return false;
    }
  }
  return true;
}

/// The shortest of some runs; nullopt: the model does not run with so many rows.
std::optional<std::chrono::nanoseconds> TimeRows(const engine::Executable& executable,
                                                 const Rows& rows, std::int64_t count) {
  std::optional<std::chrono::nanoseconds> shortest;
  for (int i = 0; i < kRunsPerSize; ++i) {
    const Stopwatch watch;
    if (!RunRows(executable, rows, 0, count).ok()) return std::nullopt;
    const std::chrono::nanoseconds time = watch.Elapsed();
    shortest = std::min(shortest.value_or(time), time);
  }
  return shortest;
}

/// Rows whose inputs stay below kMostInputBytes.
std::int64_t MostRows(const Signature& signature) {
  std::uint64_t row_bytes = 1;
  for (const TensorSpec& input : signature.inputs) {
    Shape row = input.shape;
    row.SetDim(0, 1);
    row_bytes += ByteSize(input.dtype, row).value_or(kMostInputBytes);
  }
  return static_cast<std::int64_t>(kMostInputBytes / row_bytes);
}

BatchProfile MeasureSizes(const engine::Executable& executable, const Rows& rows,
                          std::int64_t most_rows) {
  const Stopwatch watch;
  std::vector<BatchProfile::Point> points;
  double cheapest = 0;
  for (const std::int64_t size : kSizes) {
    if (size > most_rows) break;
    const auto time = TimeRows(executable, rows, size);
    if (!time || time->count() <= 0) break;
    points.push_back({size, *time});
    const double price = static_cast<double>(time->count()) / static_cast<double>(size);
    cheapest = points.size() == 1 ? price : std::min(cheapest, price);
    const bool is_next_too_long = watch.Elapsed() + *time * 2 * kRunsPerSize > kBudget;
    if (price > cheapest * kNoLongerPays || is_next_too_long) break;
  }
  return points.empty() ? BatchProfile() : BatchProfile(std::move(points));
}

}  // namespace

bool MayHoldStrangers(const Signature& signature, std::span<const OutputMemory> outputs) {
  const auto has_static_rows = [](const TensorSpec& input) {
    return input.dtype != DType::kString && BytesOf(input.dtype) > 0 &&
           std::ranges::all_of(input.shape.dims().subspan(1),
                               [](std::int64_t dim) { return dim > 0; });
  };
  return signature.IsBatchable() && std::ranges::all_of(signature.inputs, has_static_rows) &&
         std::ranges::all_of(
             outputs, [](OutputMemory memory) { return memory == OutputMemory::kFollowsBatch; });
}

bool StayRowsTheirOwn(const engine::Executable& executable, const Signature& signature) {
  const Result<Rows> rows = Rows::Make(signature, kRowsCompared);
  if (!rows.ok()) return false;
  const Result<bool> independent = AreRowsIndependent(executable, *rows);
  return independent.ok() && *independent;
}

BatchProfile MeasureBatches(const engine::Executable& executable, const Signature& signature,
                            std::span<const OutputMemory> outputs,
                            std::chrono::nanoseconds run_time, const BatchProfile& before) {
  if (run_time.count() <= 0 || run_time >= kMeasuredBelow) return {};
  if (!MayHoldStrangers(signature, outputs)) return {};
  const std::int64_t most_rows = std::min(MostRows(signature), kSizes[std::size(kSizes) - 1]);
  if (most_rows < kRowsCompared) return {};
  const Result<Rows> rows = Rows::Make(signature, most_rows);
  if (!rows.ok()) return {};
  const Result<bool> independent = AreRowsIndependent(executable, *rows);
  if (!independent.ok() || !*independent) return {};
  return before.IsKnown() ? before : MeasureSizes(executable, *rows, most_rows);
}

}  // namespace slipway::serve
