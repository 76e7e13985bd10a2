#include "serve/model/load_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/freed_memory.h"
#include "base/text.h"
#include "serve/model/batch_measurement.h"
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
  SLIPWAY_TRY(std::unique_ptr<engine::Executable> executable,
              engine.Compile({.path = package.graph_path}, {.intra_op_threads = intra_op_threads}));
  const Signature& signature = package.manifest.signature;
  SLIPWAY_RETURN_IF_ERROR(
      CompareTensors("input", signature.inputs, executable->signature().inputs));
  SLIPWAY_RETURN_IF_ERROR(
      CompareTensors("output", signature.outputs, executable->signature().outputs));
  SLIPWAY_RETURN_IF_ERROR(CheckConfig(package.config, signature));
  progress(ModelState::kWarming);
  SLIPWAY_TRY(WarmUp warm, WarmUpModel(*executable, signature));
  BatchProfile batches = MeasureBatches(*executable, signature, warm.outputs, warm.run_time);
  const bool may_hold_strangers = MayHoldStrangers(signature, warm.outputs);
  const bool learns_batches = warm.run_time >= kMeasuredBelow && may_hold_strangers;
  std::optional<BatchRules> rules = BatchRulesOf(package.config);
  if (rules.has_value() && !may_hold_strangers) rules = BatchRules();
  const std::uint64_t after = ReturnFreedMemory();
  return ServedModel::Parts{.name = std::move(package.name),
                            .version = package.version,
                            .signature = std::move(package.manifest.signature),
                            .labels = std::move(package.manifest.labels),
                            .lineage = std::move(package.manifest.lineage),
                            .package_digest = std::move(package.digest),
                            .executable = std::move(executable),
                            .platform = fmt::format("{}_onnx", engine.name()),
                            .output_memory = std::move(warm.outputs),
                            .run_time = warm.run_time,
                            .batches = std::move(batches),
                            .learns_batches = learns_batches,
                            .config = std::move(package.config),
                            .batch_rules = std::move(rules),
                            .memory_bytes = after > before ? after - before : 0,
                            .load_time = watch.Elapsed()};
}

}  // namespace slipway::serve
