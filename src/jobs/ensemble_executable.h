#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "package/manifest.h"
#include "registry/registry.h"

namespace slipway::jobs {

/// An ensemble as one model, without a server: its steps one after the other on the calling thread,
/// tensors handed on without copies. Thread-safe as its steps are.
class EnsembleExecutable final : public engine::Executable {
 public:
  using Step = std::shared_ptr<const engine::Executable>;

  /// `steps`: one for each of the ensemble's. What PlanEnsemble() and CheckEnsemble() say.
  static Result<std::unique_ptr<EnsembleExecutable>> Make(package::Ensemble ensemble,
                                                          Signature signature,
                                                          std::vector<Step> steps);

  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits& limits) const override;

  const package::Ensemble& ensemble() const { return ensemble_; }
  const package::EnsemblePlan& plan() const { return plan_; }
  const engine::Executable& step(std::size_t index) const { return *steps_[index]; }
  /// For each input of a step's model the tensor of the ensemble that it reads.
  const std::vector<std::size_t>& reads(std::size_t index) const { return reads_[index]; }

 private:
  EnsembleExecutable(package::Ensemble ensemble, Signature signature, std::vector<Step> steps);

  Status RunStep(std::size_t index, std::span<const TensorView> inputs,
                 std::vector<TensorBuffer>& tensors, const engine::RunLimits& limits) const;

  const package::Ensemble ensemble_;
  const Signature signature_;
  const std::vector<Step> steps_;
  package::EnsemblePlan plan_;
  std::vector<std::vector<std::size_t>> reads_;           // by step, in its model's order
  std::vector<std::vector<std::size_t>> wanted_outputs_;  // by step, as its writes
};

/// Compiles the models of an ensemble's steps, each once, out of a store, and its own graph.
/// NotFound (kModelNotFound) naming the step; InvalidArgument (kInvalidPackage): an ensemble as a
/// step; else what Engine::Compile() and Make() say.
Result<std::unique_ptr<EnsembleExecutable>> CompileEnsemble(registry::Registry& registry,
                                                            engine::Engine& engine,
                                                            const package::Manifest& manifest,
                                                            const std::string& graph_path,
                                                            const engine::CompileOptions& options);

}  // namespace slipway::jobs
