#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "serve/control/model_control.h"
#include "serve/model/model_set.h"
#include "serve/model/served_ensemble.h"

namespace slipway::serve {

/// For tests: a model whose outputs are its inputs, in their order.
class EchoExecutable final : public engine::Executable {
 public:
  explicit EchoExecutable(Signature signature) : signature_(std::move(signature)) {}
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      SLIPWAY_TRY(outputs[i], TensorBuffer::CopyOf(inputs[wanted[i]]));
    }
    return {};
  }

 private:
  Signature signature_;
};

/// For tests: models that are there from the start.
class FixedModelSet final : public ModelSet {
 public:
  void Add(std::string name, std::int64_t version, std::vector<TensorSpec> inputs,
           std::map<std::string, std::vector<std::string>> labels = {}, ModelConfig config = {}) {
    Signature signature{.inputs = inputs, .outputs = inputs};
    for (TensorSpec& output : signature.outputs) output.name = "out_" + output.name;
    auto executable = std::make_shared<EchoExecutable>(signature);
    const std::vector<OutputMemory> memory(signature.outputs.size(), OutputMemory::kEngine);
    models_.push_back(
        std::make_shared<ServedModel>(ServedModel::Parts{.name = std::move(name),
                                                         .version = version,
                                                         .signature = std::move(signature),
                                                         .labels = std::move(labels),
                                                         .executable = std::move(executable),
                                                         .platform = "onnxruntime_onnx",
                                                         .output_memory = memory,
                                                         .run_time = std::chrono::microseconds(1),
                                                         .config = std::move(config)}));
  }

  /// One step over `member`, whose tensor is "x"; for who shows it, not for running.
  void AddEnsemble(std::string name, std::string member) {
    auto served = std::make_shared<ServedEnsemble>();
    served->ensemble.steps = {{.model = std::move(member),
                               .version = {},
                               .input_map = {{"x", "x"}},
                               .output_map = {{"out_x", "y"}}}};
    models_.push_back(std::make_shared<ServedModel>(ServedModel::Parts{
        .name = std::move(name), .ensemble = std::move(served), .platform = "ensemble"}));
  }

  void Load(ModelPackage, std::function<void(Status)> done) override { done({}); }
  Status Unload(const std::string&, std::optional<std::int64_t>) override { return {}; }
  Result<ModelHandle> Find(std::string_view name,
                           std::optional<std::int64_t> version) const override {
    ModelHandle best;
    for (const ModelHandle& model : models_) {
      if ((*model)->name != name || version.value_or((*model)->version) != (*model)->version)
        continue;
      if (best == nullptr || (*best)->version < (*model)->version) best = model;
    }
    if (best != nullptr) return best;
    return NotFound("there is no model \"" + std::string(name) + "\"").With(errors::kModelNotFound);
  }
  std::vector<ModelHandle> Ready() const override { return models_; }
  std::vector<ModelHandle> Loaded() const override { return models_; }
  std::vector<ModelStatus> Statuses() const override {
    std::vector<ModelStatus> statuses;
    for (const ModelHandle& model : models_) {
      statuses.push_back(
          {.name = (*model)->name, .version = (*model)->version, .state = ModelState::kReady});
    }
    return statuses;
  }
  ModelMemory Memory() const override { return {}; }
  bool AllReady() const override { return true; }

 private:
  std::vector<ModelHandle> models_;
};

/// For tests: says yes to everything, and knows the alias "prod": version 1.
class FixedControl final : public ModelControl {
 public:
  void Index(bool, IndexDone done) override {
    done(std::vector<IndexRow>{{"row", 1, "READY", ""}});
  }
  void Load(std::string, LoadRequest, Done done) override { done({}); }
  void Unload(std::string, bool, Done done) override { done({}); }
  void ReplaceList(std::string text, Done done) override {
    list = std::move(text);
    done(list_outcome);
  }
  std::uint64_t ListsReplaced() const override { return 0; }
  void ResolveAlias(std::string, std::string alias, AliasDone done) override {
    ++lookups;
    if (alias == "prod") return done(1);
    done(NotFound("there is no such alias").With(errors::kModelNotFound));
  }
  int lookups = 0;
  std::string list;  ///< that was given last
  Status list_outcome;
};

}  // namespace slipway::serve
