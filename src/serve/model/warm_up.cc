#include "serve/model/warm_up.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace slipway::serve {
namespace {

// Of processor time: on a busy machine a single run of a quick model may take longer by the clock,
// and the least of several is what it takes.
constexpr std::chrono::milliseconds kRepeatBudget{10};
constexpr std::chrono::milliseconds kLongestRepeat{200};  // by the clock
constexpr int kMostRuns = 20;

// For dimensions of any size behind the first: one, then the least that common image and text
// models take.
constexpr std::int64_t kSizesToTry[] = {1, 8, 32, 128, 224};

bool HasFreeDimension(std::span<const std::int64_t> dims) {
  return std::ranges::any_of(dims, [](std::int64_t dim) { return dim < 0; });
}

bool HasFreeDimensionBehindTheFirst(const Signature& signature) {
  return std::ranges::any_of(signature.inputs, [](const TensorSpec& input) {
    return input.shape.rank() > 1 && HasFreeDimension(input.shape.dims().subspan(1));
  });
}

bool HasFreeInputs(const Signature& signature) {
  return std::ranges::any_of(signature.inputs, [](const TensorSpec& input) {
    return HasFreeDimension(input.shape.dims());
  });
}

Result<TensorBuffer> Zeros(const TensorSpec& spec) {
  Shape shape = spec.shape;
  if (shape.rank() > 0 && shape[0] < 0) shape.SetDim(0, 1);
  if (spec.dtype == DType::kString) {
    const std::vector<std::string_view> empty(shape.ElementCount().value_or(0));
    return TensorBuffer::FromStrings(shape, empty);
  }
  SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, shape));
  std::ranges::fill(tensor.bytes(), std::byte{0});
  return tensor;
}

std::chrono::nanoseconds CpuTimeOfThisThread() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// One input set, run as often as wanted.
class Rehearsal {
 public:
  static Result<Rehearsal> Make(const engine::Executable& executable, const Signature& signature,
                                std::int64_t any_size) {
    Rehearsal rehearsal(executable, signature.outputs.size());
    const Signature sized = WithSizes(signature, any_size);
    for (const TensorSpec& input : sized.inputs) {
      SLIPWAY_TRY(TensorBuffer zeros, Zeros(input));
      rehearsal.buffers_.push_back(std::move(zeros));
    }
    for (const TensorBuffer& buffer : rehearsal.buffers_)
      rehearsal.inputs_.push_back(buffer.view());
    return rehearsal;
  }

  // How long the run took.
  Result<std::chrono::nanoseconds> Run() {
    outputs_ = std::vector<TensorBuffer>(wanted_.size());
    const Stopwatch watch;
    const std::chrono::nanoseconds cpu = CpuTimeOfThisThread();
    SLIPWAY_RETURN_IF_ERROR(executable_.Run(inputs_, wanted_, outputs_));
    const std::chrono::nanoseconds used = CpuTimeOfThisThread() - cpu;
    least_cpu_ = std::min(least_cpu_, used);
    cpu_ += used;
    return watch.Elapsed();
  }

  std::chrono::nanoseconds least_cpu() const { return least_cpu_; }
  std::chrono::nanoseconds cpu() const { return cpu_; }  // of all runs

  const std::vector<TensorBuffer>& outputs() const { return outputs_; }

 private:
  Rehearsal(const engine::Executable& executable, std::size_t output_count)
      : executable_(executable), wanted_(output_count) {
    std::iota(wanted_.begin(), wanted_.end(), std::size_t{0});
  }

  const engine::Executable& executable_;
  std::vector<TensorBuffer> buffers_;
  std::vector<TensorView> inputs_;
  std::vector<std::size_t> wanted_;
  std::vector<TensorBuffer> outputs_;
  std::chrono::nanoseconds least_cpu_ = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds cpu_{0};
};

// What the signature promises is believed only as far as the first run agrees.
std::vector<OutputMemory> ConfirmOutputs(const Signature& signature,
                                         const std::vector<TensorBuffer>& seen) {
  std::vector<OutputMemory> memory;
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    const TensorSpec& output = signature.outputs[i];
    const OutputMemory planned = PlanOutputMemory(signature, output);
    const bool agrees = planned != OutputMemory::kEngine &&
                        seen[i].shape() == OutputShape(output, planned, 1) &&
                        seen[i].dtype() == output.dtype;
    memory.push_back(agrees ? planned : OutputMemory::kEngine);
  }
  return memory;
}

Result<WarmUp> Measure(Rehearsal& rehearsal, const Signature& signature, std::int64_t size,
                       std::chrono::nanoseconds first) {
  WarmUp warm{
      .run_time = first, .outputs = ConfirmOutputs(signature, rehearsal.outputs()), .size = size};
  const Stopwatch watch;
  for (int i = 0; i < kMostRuns && rehearsal.cpu() + rehearsal.least_cpu() < kRepeatBudget &&
                  watch.Elapsed() < kLongestRepeat;
       ++i) {
    SLIPWAY_TRY(const std::chrono::nanoseconds again, rehearsal.Run());
    warm.run_time = std::min(warm.run_time, again);
  }
  warm.cpu_time = rehearsal.least_cpu();
  return warm;
}

}  // namespace

Signature WithSizes(Signature signature, std::int64_t size) {
  for (TensorSpec& input : signature.inputs) {
    for (std::size_t axis = 1; axis < input.shape.rank(); ++axis) {
      if (input.shape[axis] < 0) input.shape.SetDim(axis, size);
    }
  }
  return signature;
}

Result<WarmUp> WarmUpModel(const engine::Executable& executable, const Signature& signature) {
  const bool tries_sizes = HasFreeDimensionBehindTheFirst(signature);
  Status last;
  for (const std::int64_t size : kSizesToTry) {
    SLIPWAY_TRY(Rehearsal rehearsal, Rehearsal::Make(executable, signature, size));
    const Result<std::chrono::nanoseconds> first = rehearsal.Run();
    if (first.ok()) return Measure(rehearsal, signature, size, *first);
    last = first.status();
    if (!tries_sizes) break;
  }
  if (!HasFreeInputs(signature)) return last;
  return WarmUp{.outputs = std::vector(signature.outputs.size(), OutputMemory::kEngine)};
}

}  // namespace slipway::serve
