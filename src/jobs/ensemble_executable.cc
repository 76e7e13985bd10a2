#include "jobs/ensemble_executable.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::jobs {
namespace {

std::size_t IndexOf(const std::vector<TensorSpec>& specs, const std::string& name) {
  std::size_t index = 0;
  while (specs[index].name != name) ++index;  // CheckEnsemble() has found it
  return index;
}

class Compiler {
 public:
  Compiler(registry::Registry& registry, engine::Engine& engine,
           const engine::CompileOptions& options)
      : registry_(registry), engine_(engine), options_(options) {}

  Result<EnsembleExecutable::Step> Graph(const std::string& path) {
    EnsembleExecutable::Step& known = compiled_[path];
    if (known != nullptr) return known;
    SLIPWAY_TRY(known, engine_.Compile({.path = path}, options_));
    return known;
  }

  Result<EnsembleExecutable::Step> Member(const package::EnsembleStep& step) {
    if (!step.server.empty()) {
      return FailedPrecondition("a model on another server runs in a server only")
          .Hint("slipway serve it, and ask that");
    }
    SLIPWAY_TRY(const registry::ModelVersion version,
                registry_.Resolve({.model = step.model, .version = step.version}));
    SLIPWAY_TRY(const package::Package package, registry_.Open(version));
    if (package.manifest.ensemble) {
      return InvalidArgument("an ensemble cannot be a step of another")
          .With(errors::kInvalidPackage);
    }
    return Graph(package.graph_path);
  }

 private:
  registry::Registry& registry_;
  engine::Engine& engine_;
  const engine::CompileOptions& options_;
  std::map<std::string, EnsembleExecutable::Step> compiled_;  // by path
};

}  // namespace

Result<std::unique_ptr<EnsembleExecutable>> EnsembleExecutable::Make(package::Ensemble ensemble,
                                                                     Signature signature,
                                                                     std::vector<Step> steps) {
  SLIPWAY_TRY(package::EnsemblePlan plan, package::PlanEnsemble(ensemble, signature));
  std::vector<const Signature*> signatures;
  for (const Step& step : steps) signatures.push_back(&step->signature());
  SLIPWAY_RETURN_IF_ERROR(package::CheckEnsemble(ensemble, plan, signature, signatures));
  std::unique_ptr<EnsembleExecutable> made(
      new EnsembleExecutable(std::move(ensemble), std::move(signature), std::move(steps)));
  made->plan_ = std::move(plan);
  for (std::size_t i = 0; i < made->steps_.size(); ++i) {
    const package::EnsembleStep& step = made->ensemble_.steps[i];
    const Signature& model = made->steps_[i]->signature();
    std::vector<std::size_t>& reads = made->reads_.emplace_back(model.inputs.size());
    std::size_t position = 0;
    for (const auto& [input, tensor] : step.input_map)
      reads[IndexOf(model.inputs, input)] = made->plan_.steps[i].reads[position++];
    std::vector<std::size_t>& wanted = made->wanted_outputs_.emplace_back();
    for (const auto& [output, tensor] : step.output_map)
      wanted.push_back(IndexOf(model.outputs, output));
  }
  return made;
}

EnsembleExecutable::EnsembleExecutable(package::Ensemble ensemble, Signature signature,
                                       std::vector<Step> steps)
    : ensemble_(std::move(ensemble)), signature_(std::move(signature)), steps_(std::move(steps)) {}

Status EnsembleExecutable::Run(std::span<const TensorView> inputs,
                               std::span<const std::size_t> wanted, std::span<TensorBuffer> outputs,
                               const engine::RunLimits& limits) const {
  std::vector<TensorBuffer> tensors(plan_.tensors.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    tensors[plan_.outputs[wanted[i]]] = std::move(outputs[i]);
  const std::vector<bool> needed = plan_.StepsFor(wanted);
  Status status;
  for (const std::size_t step : plan_.order) {
    if (status.ok() && needed[step]) status = RunStep(step, inputs, tensors, limits);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i)
    outputs[i] = std::move(tensors[plan_.outputs[wanted[i]]]);
  return status;
}

Status EnsembleExecutable::RunStep(std::size_t index, std::span<const TensorView> inputs,
                                   std::vector<TensorBuffer>& tensors,
                                   const engine::RunLimits& limits) const {
  const Signature& model = steps_[index]->signature();
  std::vector<TensorView> reads;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const std::size_t tensor = reads_[index][i];
    reads.push_back(tensor < inputs.size() ? inputs[tensor] : tensors[tensor].view());
    if (Status fits = CheckTensor(model.inputs[i], reads.back()); !fits.ok())
      return std::move(fits).At(package::StepTitle(ensemble_, index));
  }
  const std::vector<std::size_t>& writes = plan_.steps[index].writes;
  std::vector<TensorBuffer> written;
  for (const std::size_t tensor : writes) written.push_back(std::move(tensors[tensor]));
  Status status = steps_[index]->Run(reads, wanted_outputs_[index], written, limits);
  for (std::size_t i = 0; i < writes.size(); ++i) tensors[writes[i]] = std::move(written[i]);
  return status.ok() ? status : std::move(status).At(package::StepTitle(ensemble_, index));
}

Result<std::unique_ptr<EnsembleExecutable>> CompileEnsemble(registry::Registry& registry,
                                                            engine::Engine& engine,
                                                            const package::Manifest& manifest,
                                                            const std::string& graph_path,
                                                            const engine::CompileOptions& options) {
  const package::Ensemble& ensemble = *manifest.ensemble;
  Compiler compiler(registry, engine, options);
  std::vector<EnsembleExecutable::Step> steps;
  for (std::size_t i = 0; i < ensemble.steps.size(); ++i) {
    const package::EnsembleStep& step = ensemble.steps[i];
    Result<EnsembleExecutable::Step> compiled =
        step.model.empty() ? compiler.Graph(graph_path) : compiler.Member(step);
    if (!compiled.ok()) return std::move(compiled).status().At(package::StepTitle(ensemble, i));
    steps.push_back(std::move(*compiled));
  }
  return EnsembleExecutable::Make(ensemble, manifest.signature, std::move(steps));
}

}  // namespace slipway::jobs
