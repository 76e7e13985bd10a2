#include "serve/model/load_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/freed_memory.h"
#include "base/log.h"
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
  const KeptProfiles& profiles;
  const std::function<void(ModelState)>& progress;

  Result<std::unique_ptr<engine::Executable>> Compile() const {
    return engine.Compile({.path = package.graph_path}, {.intra_op_threads = intra_op_threads});
  }
};

/// What was measured of the package before; unknown where the model takes quite another time now.
/// Where sizes are open the time says nothing: it is that of other sizes.
BatchProfile MeasuredBefore(const GraphLoad& load, std::chrono::nanoseconds run_time,
                            bool is_open) {
  constexpr int kOften = 4;
  const std::optional<BatchProfile> kept = load.profiles.Find(load.package.digest);
  if (!kept) return {};
  if (is_open) return *kept;
  const std::chrono::nanoseconds then = kept->TimeOf(1);
  return then < run_time * kOften && run_time < then * kOften ? *kept : BatchProfile();
}

/// Whether the requests of strangers may share a run: tried once, where somebody asks.
class RowTrial {
 public:
  RowTrial(const engine::Executable& executable, const Signature& signature,
           std::span<const OutputMemory> outputs)
      : executable_(executable),
        signature_(signature),
        may_hold_strangers_(MayHoldStrangers(signature, outputs)) {}

  bool may_hold_strangers() const { return may_hold_strangers_; }
  bool StayTheirOwn() {
    if (!outcome_) outcome_ = may_hold_strangers_ && StayRowsTheirOwn(executable_, signature_);
    return *outcome_;
  }
  /// Whether made-up rows tell little of whole numbers, since these are 0 and 1 whatever the
  /// magnitude: then one trial beside them while serving is not enough.
  bool HasWholeNumbers() const {
    return !std::ranges::all_of(signature_.inputs, IsFloatingPoint, &TensorSpec::dtype);
  }

 private:
  const engine::Executable& executable_;
  const Signature& signature_;
  const bool may_hold_strangers_;
  std::optional<bool> outcome_;
};

/// Whether t(b) is learned while it serves: where it takes too long to measure, or differs by size.
bool LearnsBatches(const WarmUp& warm, bool is_open, RowTrial& trial) {
  if (!trial.may_hold_strangers()) return false;
  if (!is_open && warm.run_time < kMeasuredBelow) return false;
  return (!is_open && !trial.HasWholeNumbers()) || trial.StayTheirOwn();
}

/// The rules of a configuration, where the answers of rows do not depend on each other; else each
/// request has a run to itself.
std::optional<BatchRules> RulesOf(const GraphLoad& load, const ModelConfig& config,
                                  const BatchProfile& batches, RowTrial& trial) {
  std::optional<BatchRules> rules = BatchRulesOf(config);
  if (!rules || rules->max_rows == 1 || batches.IsKnown() || trial.StayTheirOwn()) return rules;
  Log(LogLevel::kWarning,
      "model {}:{} has dynamic_batching, yet a request may change another's answer in its run: "
      "each runs alone",
      load.package.name, load.package.version);
  return BatchRules();
}

/// What comes of running a graph: the rest of the parts is the caller's.
Result<ServedModel::Parts> Measured(const GraphLoad& load,
                                    std::unique_ptr<engine::Executable> executable,
                                    const Signature& signature, const ModelConfig& config) {
  load.progress(ModelState::kWarming);
  SLIPWAY_TRY(WarmUp warm, WarmUpModel(*executable, signature));
  const Signature sized = WithSizes(signature, warm.size);
  const bool is_open = sized != signature;
  BatchProfile before = MeasuredBefore(load, warm.run_time, is_open);
  BatchProfile batches =
      MeasureBatches(*executable, signature, warm.outputs, warm.run_time, before);
  if (!before.IsKnown()) load.profiles.Keep(load.package.digest, batches);
  RowTrial trial(*executable, sized, warm.outputs);
  const bool learns_batches = LearnsBatches(warm, is_open, trial);
  std::optional<BatchRules> rules = RulesOf(load, config, batches, trial);
  return ServedModel::Parts{.executable = std::move(executable),
                            .platform = fmt::format("{}_onnx", load.engine.name()),
                            .output_memory = std::move(warm.outputs),
                            .run_time = warm.run_time,
                            .batches = std::move(batches),
                            .learns_batches = learns_batches,
                            .measured_before = std::move(before),
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
                                     unsigned intra_op_threads, const KeptProfiles& profiles,
                                     const std::function<void(ModelState)>& progress) {
  const Stopwatch watch;
  const std::uint64_t before = ResidentBytes();
  progress(ModelState::kLoading);
  const GraphLoad load{package, engine, intra_op_threads, profiles, progress};
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
