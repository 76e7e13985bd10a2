#include "serve/model/load_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/model/batch_measurement.h"
#include "serve/model/load_notes.h"
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

/// What this thread, or where that is not counted the process, holds at one moment.
class Holding {
 public:
  Holding() : heap_(HeapOfThisThread()), resident_(heap_ ? 0 : ResidentBytes()) {}

  /// What came to be held since then, without the pages of so many mapped bytes.
  std::uint64_t GrowthBeside(std::uint64_t mapped_bytes) const {
    if (heap_)
      return static_cast<std::uint64_t>(std::max<std::int64_t>(0, *HeapOfThisThread() - *heap_));
    const std::uint64_t before = resident_ + mapped_bytes;
    const std::uint64_t now = ResidentBytes();
    return now > before ? now - before : 0;
  }

 private:
  const std::optional<std::int64_t> heap_;
  const std::uint64_t resident_;
};

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

// Compiling takes this many bytes for each of the model's file at its height; what is compiled,
// with its weights packed, about as many.
constexpr std::uint64_t kNeedPerFileByte = 3;
// Below, a run more costs a load nothing that anybody notices.
constexpr std::chrono::milliseconds kWarmedAnyway{20};

/// Beside the graph, under their digest.
std::string WeightsPath(const ModelPackage& package) {
  const std::filesystem::path folder = std::filesystem::path(package.graph_path).parent_path();
  return (folder / package.manifest.weights->digest.Hex()).string();
}

engine::CacheableModel ToCacheable(const ModelPackage& package) {
  engine::CacheableModel model{.path = package.graph_path, .verify = package.verify};
  if (!package.manifest.graph) return model;
  model.identity = package.manifest.graph->digest.Hex();  // it names the weights by their digest
  model.bytes = package.manifest.graph->size;
  model.files = {package.graph_path};
  if (package.manifest.weights) {
    model.bytes += package.manifest.weights->size;
    model.files.push_back(WeightsPath(package));
  }
  return model;
}

std::string TitleOf(const ModelPackage& package) {
  return fmt::format("{}:{}", package.name, package.version);
}

Result<engine::CompileCache::Compiled> Compile(const engine::CacheableModel& model,
                                               const std::string& title, const LoadTools& tools) {
  const engine::CompileOptions options{.intra_op_threads = tools.intra_op_threads, .title = title};
  if (tools.cache != nullptr) return tools.cache->Compile(tools.engine, model, options);
  SLIPWAY_RETURN_IF_ERROR(model.Verify());
  engine::CompileCache::Compiled compiled;
  SLIPWAY_TRY(compiled.executable,
              tools.engine.Compile({.path = model.path, .files = model.files}, options));
  return compiled;
}

struct GraphLoad {
  const ModelPackage& package;
  const LoadTools& tools;
  const std::function<void(ModelState)>& progress;
  std::chrono::nanoseconds cpu_time{0};  ///< of one run, WarmUp::cpu_time

  Result<engine::CompileCache::Compiled> Compile() const {
    return serve::Compile(ToCacheable(package), TitleOf(package), tools);
  }
};

/// What was measured of the package before; unknown where the model takes quite another time now.
/// Where sizes are open the time says nothing: it is that of other sizes.
BatchProfile MeasuredBefore(const GraphLoad& load, std::chrono::nanoseconds run_time,
                            bool is_open) {
  constexpr int kOften = 4;
  const std::optional<BatchProfile> kept = load.tools.profiles.Find(load.package.digest);
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

/// What a model that was compiled before is known to be like, if that saves a run worth saving.
std::optional<WarmUp> KnownFromBefore(const engine::CompileCache::Compiled& compiled,
                                      const Signature& signature) {
  const bool is_open = WithSizes(signature, 1) != signature;  // then one run says little
  if (is_open || compiled.origin != engine::CompileCache::Origin::kFound) return std::nullopt;
  std::optional<LoadNotes> notes = DecodeNotes(compiled.notes);
  if (!notes || notes->run_time < kWarmedAnyway ||
      notes->outputs.size() != signature.outputs.size())
    return std::nullopt;
  for (std::size_t i = 0; i < notes->outputs.size(); ++i) {
    const OutputMemory planned = PlanOutputMemory(signature, signature.outputs[i]);
    if (notes->outputs[i] != OutputMemory::kEngine && notes->outputs[i] != planned)
      return std::nullopt;
  }
  return WarmUp{.run_time = notes->run_time,
                .cpu_time = notes->run_time,
                .outputs = std::move(notes->outputs)};
}

Result<WarmUp> KnowOrWarmUp(const engine::CompileCache::Compiled& compiled,
                            const Signature& signature) {
  std::optional<WarmUp> known = KnownFromBefore(compiled, signature);
  if (known) return *std::move(known);
  return WarmUpModel(*compiled.executable, signature);
}

/// What comes of running a graph: the rest of the parts is the caller's.
Result<ServedModel::Parts> Measured(GraphLoad& load, engine::CompileCache::Compiled compiled,
                                    const Signature& signature, const ModelConfig& config) {
  load.progress(ModelState::kWarming);
  SLIPWAY_TRY(WarmUp warm, KnowOrWarmUp(compiled, signature));
  load.cpu_time = warm.cpu_time;
  const Signature sized = WithSizes(signature, warm.size);
  const bool is_open = sized != signature;
  BatchProfile before = MeasuredBefore(load, warm.run_time, is_open);
  BatchProfile batches =
      MeasureBatches(*compiled.executable, signature, warm.outputs, warm.run_time, before);
  if (!before.IsKnown()) load.tools.profiles.Keep(load.package.digest, batches);
  RowTrial trial(*compiled.executable, sized, warm.outputs);
  const bool learns_batches = LearnsBatches(warm, is_open, trial);
  std::optional<BatchRules> rules = RulesOf(load, config, batches, trial);
  return ServedModel::Parts{.executable = std::move(compiled.executable),
                            .platform = fmt::format("{}_onnx", load.tools.engine.name()),
                            .output_memory = std::move(warm.outputs),
                            .run_time = warm.run_time,
                            .batches = std::move(batches),
                            .learns_batches = learns_batches,
                            .measured_before = std::move(before),
                            .batch_rules = std::move(rules),
                            .mapped_bytes = compiled.mapped_bytes,
                            .origin = compiled.origin,
                            .compiled_entry = std::move(compiled.entry)};
}

Result<ServedModel::Parts> LoadPromisedGraph(GraphLoad& load) {
  SLIPWAY_TRY(engine::CompileCache::Compiled compiled, load.Compile());
  const Signature& found = compiled.executable->signature();
  const Signature& signature = load.package.manifest.signature;
  SLIPWAY_RETURN_IF_ERROR(CompareTensors("input", signature.inputs, found.inputs));
  SLIPWAY_RETURN_IF_ERROR(CompareTensors("output", signature.outputs, found.outputs));
  SLIPWAY_RETURN_IF_ERROR(CheckConfig(load.package.config, signature));
  return Measured(load, std::move(compiled), signature, load.package.config);
}

/// The model of the steps without a name; its signature is what the engine finds.
Result<ModelHandle> LoadOwnGraph(GraphLoad& load) {
  if (!load.package.manifest.graph) return ModelHandle();
  SLIPWAY_TRY(engine::CompileCache::Compiled compiled, load.Compile());
  const Signature signature = compiled.executable->signature();
  SLIPWAY_TRY(ServedModel::Parts parts, Measured(load, std::move(compiled), signature, {}));
  parts.name = load.package.name;
  parts.version = load.package.version;
  parts.signature = signature;
  return ModelHandle(std::make_shared<const ServedModel>(std::move(parts)));
}

Result<ServedModel::Parts> LoadEnsemble(GraphLoad& load) {
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

std::uint64_t OutsideBytes(const ServedModel::Parts& parts) {
  const engine::OutsideProcess* const outside =
      parts.executable == nullptr ? nullptr : parts.executable->outside();
  return outside == nullptr ? 0 : outside->bytes();
}

}  // namespace

std::uint64_t ReturnFreedMemory() {
  ReturnFreeBlocks();
  return ResidentBytes();
}

MemoryNeed ExpectedNeed(const ModelPackage& package, const LoadTools& tools) {
  const engine::CacheableModel model = ToCacheable(package);
  if (tools.cache != nullptr) {
    const auto kept =
        tools.cache->NotesOf(tools.engine, model, {.intra_op_threads = tools.intra_op_threads});
    const std::optional<LoadNotes> notes = DecodeNotes(kept.notes);
    if (notes) return {notes->own_bytes, kept.entry, notes->mapped_bytes};
  }
  return {.own_bytes = kNeedPerFileByte * model.bytes};
}

std::function<Result<std::unique_ptr<engine::Executable>>()> ReloadOf(const ModelPackage& package,
                                                                      const LoadTools& tools) {
  return [model = ToCacheable(package), title = TitleOf(package), files = package.files,
          tools]() -> Result<std::unique_ptr<engine::Executable>> {
    SLIPWAY_TRY(engine::CompileCache::Compiled compiled, Compile(model, title, tools));
    return std::move(compiled.executable);
  };
}

MemoryNeed MeasuredNeed(const ServedModel::Parts& parts) {
  return {parts.memory_bytes, parts.compiled_entry, parts.mapped_bytes};
}

Result<ServedModel::Parts> LoadModel(ModelPackage package, const LoadTools& tools,
                                     const std::function<void(ModelState)>& progress) {
  const Stopwatch watch;
  const Holding before;
  progress(ModelState::kLoading);
  GraphLoad load{package, tools, progress};
  SLIPWAY_TRY(ServedModel::Parts parts,
              package.manifest.ensemble ? LoadEnsemble(load) : LoadPromisedGraph(load));
  // Nothing to give back where nothing was compiled, and giving back takes milliseconds.
  if (parts.origin != engine::CompileCache::Origin::kFound) ReturnFreeBlocks();
  parts.name = std::move(package.name);
  parts.version = package.version;
  parts.signature = std::move(package.manifest.signature);
  parts.labels = std::move(package.manifest.labels);
  parts.lineage = std::move(package.manifest.lineage);
  parts.config = std::move(package.config);
  parts.package_digest = std::move(package.digest);
  parts.memory_bytes = before.GrowthBeside(parts.mapped_bytes) + OutsideBytes(parts);
  parts.load_time = watch.Elapsed();
  if (tools.cache != nullptr && parts.origin == engine::CompileCache::Origin::kBuilt) {
    tools.cache->Note(parts.compiled_entry,
                      EncodeNotes({.own_bytes = parts.memory_bytes,
                                   .mapped_bytes = parts.mapped_bytes,
                                   // Whatever the machine was busy with then.
                                   .run_time = std::min(parts.run_time, load.cpu_time),
                                   .outputs = parts.output_memory}));
  }
  return parts;
}

}  // namespace slipway::serve
