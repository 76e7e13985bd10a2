// The floor of the serving benchmarks: a model run in a loop on one thread, with nothing around it
// and its outputs preallocated, as the server runs it.
//
//   bench_in_process MODEL.onnx MILLISECONDS    prints one line of JSON

#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <numeric>

#include "base/clock.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/onnxruntime/onnxruntime_engine.h"

namespace {

using namespace slipway;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// A tensor for `spec`, one row where it may have any number, its numbers 0.
Result<TensorBuffer> ZerosFor(const TensorSpec& spec) {
  Shape shape = spec.shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0) shape.SetDim(axis, 1);
  }
  SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, shape));
  std::ranges::fill(tensor.bytes(), std::byte{0});
  return tensor;
}

class Loop {
 public:
  static Result<Loop> Make(const engine::Executable& model) {
    Loop loop(model);
    for (const TensorSpec& spec : model.signature().inputs) {
      SLIPWAY_TRY(TensorBuffer tensor, ZerosFor(spec));
      loop.inputs_.push_back(tensor.view());
      loop.memory_.push_back(std::move(tensor));
    }
    for (const TensorSpec& spec : model.signature().outputs) {
      SLIPWAY_TRY(TensorBuffer tensor, ZerosFor(spec));
      loop.outputs_.push_back(std::move(tensor));
    }
    loop.wanted_.resize(loop.outputs_.size());
    std::iota(loop.wanted_.begin(), loop.wanted_.end(), std::size_t{0});
    return loop;
  }

  /// How often the model ran in that time.
  Result<std::uint64_t> RunFor(std::chrono::nanoseconds duration) {
    const Stopwatch watch;
    std::uint64_t runs = 0;
    while (watch.Elapsed() < duration) {
      for (int i = 0; i < 8; ++i, ++runs) {
        SLIPWAY_RETURN_IF_ERROR(model_->Run(inputs_, wanted_, outputs_));
      }
    }
    return runs;
  }

 private:
  explicit Loop(const engine::Executable& model) : model_(&model) {}
  const engine::Executable* model_;
  std::vector<TensorBuffer> memory_;
  std::vector<TensorView> inputs_;
  std::vector<TensorBuffer> outputs_;
  std::vector<std::size_t> wanted_;
};

Status Measure(const char* path, std::chrono::milliseconds duration) {
  SLIPWAY_TRY(const auto engine, engine::OpenOnnxRuntime({}));
  SLIPWAY_TRY(const auto model, engine->Compile({.path = path, .bytes = {}}, {}));
  SLIPWAY_TRY(Loop loop, Loop::Make(*model));
  SLIPWAY_RETURN_IF_ERROR(loop.RunFor(duration / 10).status());
  const double cpu = CpuSeconds();
  SLIPWAY_TRY(const std::uint64_t runs, loop.RunFor(duration));
  const double cpu_us = (CpuSeconds() - cpu) * 1e6 / static_cast<double>(runs);
  fmt::print("{{\"runs\":{},\"cpu_us\":{:.3f}}}\n", runs, cpu_us);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto milliseconds = argc == 3 ? slipway::ParseUint64(argv[2]) : std::nullopt;
  if (!milliseconds) {
    fmt::print(stderr, "usage: {} MODEL.onnx MILLISECONDS\n", argv[0]);
    return 2;
  }
  const slipway::Status status = Measure(argv[1], std::chrono::milliseconds(*milliseconds));
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.ToString());
  return 1;
}
