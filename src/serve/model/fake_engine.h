#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "engine/engine.h"

namespace slipway::serve {

/// For tests: a process that a model is said to run in, which does as the test says.
class FakeOutside final : public engine::OutsideProcess {
 public:
  std::atomic<std::uint64_t> size{0};
  std::atomic<bool> is_quarantined{false};
  std::vector<float> suspects;  ///< inputs that begin with one of these

  std::uint64_t bytes() const override { return size; }
  Status condition() const override {
    if (!is_quarantined) return {};
    return Unavailable("it ended too often").With(errors::kEngineQuarantined);
  }
  bool IsSuspect(std::span<const TensorView> inputs) const override {
    return std::ranges::find(suspects, inputs.front().As<float>().front()) != suspects.end();
  }
};

/// For tests: a model that fills its outputs with one number and does what the test says. Counts
/// its own objects and runs.
class FakeExecutable final : public engine::Executable {
 public:
  struct Behaviour {
    Signature signature;
    float answer = 0;
    bool answers_rows = false;       ///< the answer is how many rows the run has instead
    std::function<Status()> on_run;  ///< before every run; an error ends it
    std::shared_ptr<std::atomic<int>> alive = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<std::atomic<int>> runs = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<FakeOutside> outside = nullptr;  ///< null: it runs in this process
  };

  explicit FakeExecutable(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
    ++*behaviour_.alive;
  }
  ~FakeExecutable() override { --*behaviour_.alive; }

  const Signature& signature() const override { return behaviour_.signature; }
  const engine::OutsideProcess* outside() const override { return behaviour_.outside.get(); }

  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    ++*behaviour_.runs;
    if (behaviour_.on_run) SLIPWAY_RETURN_IF_ERROR(behaviour_.on_run());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      SLIPWAY_RETURN_IF_ERROR(Answer(behaviour_.signature.outputs[wanted[i]], inputs, outputs[i]));
    }
    return {};
  }

 private:
  Status Answer(const TensorSpec& spec, std::span<const TensorView> inputs,
                TensorBuffer& output) const {
    if (output.bytes().empty()) {
      Shape shape = spec.shape;
      if (shape.rank() > 0 && shape[0] < 0) shape.SetDim(0, inputs.front().shape[0]);
      SLIPWAY_TRY(output, TensorBuffer::Allocate(spec.dtype, shape));
    }
    const auto rows = static_cast<float>(inputs.front().shape[0]);
    std::ranges::fill(output.As<float>(), behaviour_.answers_rows ? rows : behaviour_.answer);
    return {};
  }

  Behaviour behaviour_;
};

/// Compiles what `compile` says.
class FakeEngine final : public engine::Engine {
 public:
  std::function<Result<FakeExecutable::Behaviour>(const std::string& path)> compile;

  std::string_view name() const override { return "fake"; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<engine::Executable>> Compile(const engine::ModelSource& source,
                                                      const engine::CompileOptions&) override {
    SLIPWAY_TRY(FakeExecutable::Behaviour behaviour, compile(source.path));
    return std::unique_ptr<engine::Executable>(
        std::make_unique<FakeExecutable>(std::move(behaviour)));
  }
};

/// x f32[N,2] -> y f32[N,3].
inline Signature FakeSignature() {
  return {.inputs = {{.name = "x", .shape = {-1, 2}, .axis_names = {"batch", ""}}},
          .outputs = {{.name = "y", .shape = {-1, 3}, .axis_names = {"batch", ""}}}};
}

}  // namespace slipway::serve
