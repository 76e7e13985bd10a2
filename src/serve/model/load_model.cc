#include "serve/model/load_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/freed_memory.h"
#include "base/text.h"
#include "serve/model/batch_measurement.h"
#include "serve/model/served_ensemble.h"
#include "serve/model/warm_up.h"

namespace slipway::serve {
namespace {

std::uint64_t ResidentBytes() {
  constexpr std::size_t kMaxStatmBytes = 256;
  const Result<FileDescriptor> file = OpenForReading("/proc/self/statm");
  if (!file.ok()) return 0;
  const Result<std::string> text = ReadAll(file->get(), kMaxStatmBytes);
  if (!text.ok()) return 0;
  const std::vector<std::string_view> fields = Split(*text, ' ');  // total, resident, ...
  if (fields.size() < 2) return 0;
  return ParseUint64(fields[1]).value_or(0) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Status CompareTensors(std::string_view kind, const std::vector<TensorSpec>& promised,
                      const std::vector<TensorSpec>& found) {
  if (promised.size() != found.size()) {
    return InvalidArgument(fmt::format("the package promises {} {}s, its graph has {}",
                                       promised.size(), kind, found.size()))
        .With(errors::kInvalidPackage);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (promised[i].name == found[i].name && promised[i].dtype == found[i].dtype) continue;
    return InvalidArgument(fmt::format("{} {} is {} in the package and {} in its graph", kind, i,
                                       ToString(promised[i]), ToString(found[i])))
        .With(errors::kInvalidPackage);
  }
  return {};
}

struct GraphLoad {
  const ModelPackage& package;
  engine::Engine& engine;
  unsigned intra_op_threads;
  const std::function<void(ModelState)>& progress;

  Result<std::unique_ptr<engine::Executable>> Compile() const {
    return engine.Compile({.path = package.graph_path}, {.intra_op_threads = intra_op_threads});
  }
};

/// What comes of running a graph: the rest of the parts is the caller's.
Result<ServedModel::Parts> Measured(const GraphLoad& load,
                                    std::unique_ptr<engine::Executable> executable,
                                    const Signature& signature, const ModelConfig& config) {
  load.progress(ModelState::kWarming);
  SLIPWAY_TRY(WarmUp warm, WarmUpModel(*executable, signature));
  BatchProfile batches = MeasureBatches(*executable, signature, warm.outputs, warm.run_time);
  const bool may_hold_strangers = MayHoldStrangers(signature, warm.outputs);
  const bool learns_batches = warm.run_time >= kMeasuredBelow && may_hold_strangers;
  std::optional<BatchRules> rules = BatchRulesOf(config);
  if (rules.has_value() && !may_hold_strangers) rules = BatchRules();
  return ServedModel::Parts{.executable = std::move(executable),
                            .platform = fmt::format("{}_onnx", load.engine.name()),
                            .output_memory = std::move(warm.outputs),
                            .run_time = warm.run_time,
                            .batches = std::move(batches),
                            .learns_batches = learns_batches,
                            .batch_rules = std::move(rules)};
}

Result<ServedModel::Parts> LoadPromisedGraph(const GraphLoad& load) {
  SLIPWAY_TRY(std::unique_ptr<engine::Executable> executable, load.Compile());
  const Signature& signature = load.package.manifest.signature;
  SLIPWAY_RETURN_IF_ERROR(
      CompareTensors("input", signature.inputs, executable->signature().inputs));
  SLIPWAY_RETURN_IF_ERROR(
      CompareTensors("output", signature.outputs, executable->signature().outputs));
  SLIPWAY_RETURN_IF_ERROR(CheckConfig(load.package.config, signature));
  return Measured(load, std::move(executable), signature, load.package.config);
}

/// The model of the steps without a name; its signature is what the engine finds.
Result<ModelHandle> LoadOwnGraph(const GraphLoad& load) {
  if (!load.package.manifest.graph) return ModelHandle();
  SLIPWAY_TRY(std::unique_ptr<engine::Executable> executable, load.Compile());
  const Signature signature = executable->signature();
  SLIPWAY_TRY(ServedModel::Parts parts, Measured(load, std::move(executable), signature, {}));
  parts.name = load.package.name;
  parts.version = load.package.version;
  parts.signature = signature;
  return ModelHandle(std::make_shared<const ServedModel>(std::move(parts)));
}

Result<ServedModel::Parts> LoadEnsemble(const GraphLoad& load) {
  const package::Manifest& manifest = load.package.manifest;
  SLIPWAY_RETURN_IF_ERROR(CheckConfig(load.package.config, manifest.signature));
  if (load.package.config.dynamic_batching) {
    return InvalidArgument("an ensemble has no dynamic_batching: its models have")
        .With(errors::kRequestFieldInvalid);
  }
  ServedEnsemble served{.ensemble = *manifest.ensemble, .plan = {}, .own_graph = nullptr};
  SLIPWAY_TRY(served.plan, package::PlanEnsemble(served.ensemble, manifest.signature));
  SLIPWAY_TRY(served.own_graph, LoadOwnGraph(load));
  return ServedModel::Parts{.ensemble = std::make_shared<const ServedEnsemble>(std::move(served)),
                            .platform = "ensemble"};
}

}  // namespace

std::uint64_t ReturnFreedMemory() {
  ReturnFreeBlocks();
  return ResidentBytes();
}

Result<ServedModel::Parts> LoadModel(ModelPackage package, engine::Engine& engine,
                                     unsigned intra_op_threads,
                                     const std::function<void(ModelState)>& progress) {
  const Stopwatch watch;
  const std::uint64_t before = ResidentBytes();
  progress(ModelState::kLoading);
  const GraphLoad load{package, engine, intra_op_threads, progress};
  SLIPWAY_TRY(ServedModel::Parts parts,
              package.manifest.ensemble ? LoadEnsemble(load) : LoadPromisedGraph(load));
  const std::uint64_t after = ReturnFreedMemory();
  parts.name = std::move(package.name);
  parts.version = package.version;
  parts.signature = std::move(package.manifest.signature);
  parts.labels = std::move(package.manifest.labels);
  parts.lineage = std::move(package.manifest.lineage);
  parts.config = std::move(package.config);
  parts.package_digest = std::move(package.digest);
  parts.memory_bytes = after > before ? after - before : 0;
  parts.load_time = watch.Elapsed();
  return parts;
}

}  // namespace slipway::serve
