#include "jobs/import_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/version.h"
#include "graph/onnx_file.h"
#include "jobs/check_samples.h"
#include "jobs/converted_model.h"
#include "jobs/id_ranges.h"
#include "jobs/mapped_weights.h"
#include "jobs/model_run.h"
#include "jobs/self_check.h"
#include "jobs/source_file.h"
#include "tensor/npz.h"

namespace slipway::jobs {

namespace {

constexpr std::string_view kGraphFile = "model.onnx";
constexpr std::string_view kSamplesFile = "samples.npz";

Result<package::Blob> WriteBlob(const std::string& path, std::string_view content) {
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(path, content));
  return package::Blob{Sha256Of(content), content.size()};
}

ImportedModel Describe(const ConvertedModel& converted, const SourceFile& source) {
  const importer::FoundFacts& facts = converted.facts;
  ImportedModel imported{.format = facts.format,
                         .framework = facts.framework,
                         .parameters = facts.parameters,
                         .nodes = converted.model.main.nodes.size(),
                         .opset = converted.model.Opset(),
                         .warnings = facts.warnings,
                         .notes = facts.notes};
  imported.manifest.name = ModelNameFor(source.name);
  imported.manifest.signature = converted.signature;
  imported.manifest.weights = converted.weights_blob;
  imported.manifest.lineage = {.source_name = Printable(source.name),
                               .source_format = facts.format,
                               .framework = facts.framework,
                               .tool_version = fmt::format("slipway {}", kVersion)};
  return imported;
}

/// Writes the structure beside the weights, where any ONNX reader finds both.
Status WriteStructure(ConvertedModel& converted, const std::string& folder,
                      ImportedModel& imported) {
  const std::string location = converted.weights_blob ? converted.weights_blob->digest.Hex() : "";
  constexpr std::uint64_t kAllInline =
      ~std::uint64_t{0};  // what is not in the weights by now is small
  SLIPWAY_TRY(const std::string structure,
              graph::EncodeWithWeights(converted.model, location, kAllInline, -1));
  imported.graph_path = fmt::format("{}/{}", folder, kGraphFile);
  SLIPWAY_TRY(imported.manifest.graph, WriteBlob(imported.graph_path, structure));
  return {};
}

/// On CPUs without VNNI the plain product of uint8 and int8 overflows; the engine's optimizer puts
/// a right one in its place.
bool MultipliesIntegers(const graph::Graph& graph) {
  static constexpr std::string_view kOperators[] = {"MatMulInteger",         "ConvInteger",
                                                    "QLinearMatMul",         "QLinearConv",
                                                    "DynamicQuantizeMatMul", "QGemm"};
  return std::ranges::any_of(graph.nodes, [](const graph::Node& node) {
    return std::ranges::find(kOperators, node.op) != std::end(kOperators);
  });
}

Status RunSelfCheck(const ConvertedModel& converted, engine::Engine& engine,
                    const ImportOptions& options, ImportedModel& imported) {
  // As it stands and with mapped weights: quick to load, and never the whole file in memory.
  const bool optimize = MultipliesIntegers(converted.model.main);
  SLIPWAY_TRY(const MappedWeights mapped,
              MappedWeights::Map(converted.model.main, converted.weights.descriptor()));
  const PageReleaser releaser(mapped.file());
  engine::ModelSource source{.path = imported.graph_path};
  if (!optimize) source.weights = mapped.weights();  // the optimizer would copy them
  SLIPWAY_TRY(const std::unique_ptr<engine::Executable> executable,
              engine.Compile(source, {.optimize = optimize}));
  SLIPWAY_RETURN_IF_ERROR(CheckSignature(*executable, converted.signature));
  const CheckSubject subject{.executable = *executable,
                             .signature = converted.signature,
                             .id_counts = IdCounts(converted.model.main),
                             .is_conversion = converted.facts.format != "onnx"};
  SLIPWAY_TRY(SelfCheckResult result,
              CheckOnEngine(subject, options.samples,
                            {.seed = options.seed,
                             .relative_tolerance = options.relative_tolerance,
                             .absolute_tolerance = options.absolute_tolerance}));
  imported.self_check = std::move(result.check);
  imported.warnings.insert(imported.warnings.end(), result.warnings.begin(), result.warnings.end());
  imported.manifest.lineage.self_check = imported.self_check.summary;
  imported.manifest.lineage.warnings = imported.warnings;
  return {};
}

/// The first sample travels with the package: inputs by name, expected outputs as "expect.<name>".
Status WriteSample(const ImportOptions& options, ImportedModel& imported) {
  if (options.samples.empty()) return {};
  SLIPWAY_TRY(const Sample sample, FitSample(options.samples.front(), imported.manifest.signature));
  std::vector<std::string> names;
  names.reserve(sample.expected.size());  // views into it are taken below
  std::vector<NamedView> arrays;
  for (const auto& [name, tensor] : sample.inputs) arrays.push_back({name, tensor.view()});
  for (const auto& [name, tensor] : sample.expected) {
    arrays.push_back({names.emplace_back("expect." + name), tensor.view()});
  }
  SLIPWAY_TRY(const std::string content, EncodeNpz(arrays));
  imported.samples_path = fmt::format("{}/{}", options.work_folder, kSamplesFile);
  SLIPWAY_TRY(imported.manifest.samples, WriteBlob(imported.samples_path, content));
  return {};
}

/// Tells the user's listener each stage, and the log how long each took.
class Stages {
 public:
  explicit Stages(const std::function<void(std::string_view)>& progress) : progress_(progress) {}
  void Begin(std::string_view stage) {
    Log(LogLevel::kDebug, "import: {} at {:.1f} ms", stage, watch_.Seconds() * 1e3);
    if (progress_) progress_(stage);
  }

 private:
  const std::function<void(std::string_view)>& progress_;
  const Stopwatch watch_;
};

}  // namespace

Result<ImportedModel> ImportModel(const std::string& path, engine::Engine& engine,
                                  const ImportOptions& options,
                                  const std::function<void(std::string_view)>& progress) {
  SLIPWAY_TRY(const SourceFile source, OpenSourceFile(path));
  Stages stages(progress);
  stages.Begin("reading");
  // Hashed while the other process converts it: both read the same pages.
  std::future<Result<Digest>> digest =
      std::async(std::launch::async, [&] { return Sha256OfFile(source.file.get()); });
  SLIPWAY_TRY(ConvertedModel converted, ConvertSource(source, options));
  ImportedModel imported = Describe(converted, source);
  SLIPWAY_TRY(imported.manifest.lineage.source_digest, digest.get());
  SLIPWAY_RETURN_IF_ERROR(WriteStructure(converted, options.work_folder, imported));
  stages.Begin("checking");
  if (Status status = RunSelfCheck(converted, engine, options, imported); !status.ok()) {
    return std::move(status).At(Printable(source.name));
  }
  SLIPWAY_RETURN_IF_ERROR(WriteSample(options, imported));
  imported.weights_path = std::move(converted.weights).Keep();
  return imported;
}

}  // namespace slipway::jobs
