#include "jobs/make_ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "base/version.h"
#include "graph/onnx_file.h"
#include "jobs/ensemble_executable.h"

namespace slipway::jobs {
namespace {

constexpr std::size_t kCheckedRows = 64;
constexpr double kTolerance = 1e-4;

Status Refused(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kUsage);
}

/// Whether what the first output holds went through a softmax last.
bool EndsInSoftmax(const graph::Graph& graph) {
  if (graph.outputs.empty()) return false;
  graph::ValueId value = graph.outputs[0];
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (std::ranges::find(node->outputs, value) == node->outputs.end()) continue;
    if (node->op == "Softmax") return true;
    if (node->op != "Identity" && node->op != "Cast") return false;
    value = node->inputs[0];
  }
  return false;
}

Status CheckScores(const EnsembleMember& member) {
  const TensorSpec& output = member.manifest.signature.outputs[0];
  const bool are_scores = output.dtype == DType::kF32 && output.shape.rank() == 2 &&
                          output.shape[0] < 0 && output.shape[1] >= 2;
  if (are_scores && member.manifest.signature.IsBatchable()) return {};
  return Refused(
      fmt::format("model {} gives {}: members give f32[N,classes] of two classes or more",
                  member.title(), ToString(output)));
}

Result<EnsembleMember> OpenMember(registry::Registry& registry, engine::Engine& engine,
                                  const std::string& text) {
  EnsembleMember member;
  SLIPWAY_TRY(const registry::Reference reference, registry::ParseReference(text));
  SLIPWAY_TRY(member.version, registry.Resolve(reference));
  SLIPWAY_TRY(package::Package package, registry.Open(member.version));
  member.manifest = std::move(package.manifest);
  if (member.manifest.ensemble)
    return Refused(fmt::format("model {} is an ensemble itself", member.title()));
  SLIPWAY_RETURN_IF_ERROR(CheckScores(member));
  SLIPWAY_TRY(const graph::Model model, graph::ReadModelFile(package.graph_path));
  member.needs_softmax = !EndsInSoftmax(model.main);
  SLIPWAY_TRY(member.executable, engine.Compile({.path = package.graph_path}, {}));
  return member;
}

/// The input of `member` that takes what the first member's input `index` takes: the only one, or
/// the one of the same name.
const TensorSpec* Counterpart(const EnsembleMember& member, const Signature& first,
                              std::size_t index) {
  const Signature& signature = member.manifest.signature;
  if (signature.inputs.size() != first.inputs.size()) return nullptr;
  if (first.inputs.size() == 1) return &signature.inputs[0];
  return signature.FindInput(first.inputs[index].name);
}

std::string ListOf(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> texts;
  for (const TensorSpec& spec : specs) texts.push_back(ToString(spec));
  return fmt::format("{}", fmt::join(texts, ", "));
}

Status CheckAgainst(const EnsembleMember& first, const EnsembleMember& member) {
  if (first.version.model == member.version.model &&
      first.version.version == member.version.version)
    return Refused(fmt::format("model {} stands twice", member.title()));
  if (first.classes() != member.classes()) {
    return Refused(fmt::format("model {} has {} classes, model {} has {}", first.title(),
                               first.classes(), member.title(), member.classes()));
  }
  const Signature& signature = first.manifest.signature;
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorSpec* other = Counterpart(member, signature, i);
    if (other != nullptr && other->dtype == signature.inputs[i].dtype &&
        other->shape == signature.inputs[i].shape)
      continue;
    return Refused(fmt::format("model {} takes {}, model {} takes {}", first.title(),
                               ListOf(signature.inputs), member.title(),
                               ListOf(member.manifest.signature.inputs)));
  }
  return {};
}

/// Class names of the first outputs: those of the first member that has some.
Result<std::vector<std::string>> LabelsOf(std::span<const EnsembleMember> members) {
  std::vector<std::string> labels;
  std::string from;
  for (const EnsembleMember& member : members) {
    const auto found = member.manifest.labels.find(member.manifest.signature.outputs[0].name);
    if (found == member.manifest.labels.end()) continue;
    if (!labels.empty() && labels != found->second) {
      return Refused(
          fmt::format("models {} and {} name their classes differently", from, member.title()));
    }
    labels = found->second;
    from = member.title();
  }
  return labels;
}

/// Names of tensors that no input has.
class FreshNames {
 public:
  explicit FreshNames(const Signature& signature) : signature_(signature) {}
  std::string Of(std::string name) const {
    while (signature_.FindInput(name) != nullptr) name += '_';
    return name;
  }

 private:
  const Signature& signature_;
};

package::Ensemble StepsOf(std::span<const EnsembleMember> members, const std::string& output) {
  const Signature& first = members[0].manifest.signature;
  const FreshNames names(first);
  package::Ensemble ensemble;
  package::EnsembleStep own;
  for (std::size_t i = 0; i < members.size(); ++i) {
    package::EnsembleStep step{.model = members[i].version.model,
                               .version = members[i].version.version,
                               .input_map = {},
                               .output_map = {}};
    for (std::size_t input = 0; input < first.inputs.size(); ++input)
      step.input_map[Counterpart(members[i], first, input)->name] = first.inputs[input].name;
    const std::string tensor = names.Of(fmt::format("member_{}", i));
    step.output_map[members[i].manifest.signature.outputs[0].name] = tensor;
    own.input_map[fmt::format("scores_{}", i)] = tensor;
    ensemble.steps.push_back(std::move(step));
  }
  own.output_map["scores"] = output;
  ensemble.steps.push_back(std::move(own));
  return ensemble;
}

Result<package::Manifest> DraftManifest(std::span<const EnsembleMember> members,
                                        const Combination& combination, const std::string& name) {
  package::Manifest manifest;
  manifest.name = name;
  manifest.signature.inputs = members[0].manifest.signature.inputs;
  TensorSpec output = members[0].manifest.signature.outputs[0];
  output.name = FreshNames(manifest.signature).Of("scores");
  manifest.signature.outputs = {output};
  manifest.ensemble = StepsOf(members, output.name);
  SLIPWAY_TRY(std::vector<std::string> labels, LabelsOf(members));
  if (!labels.empty()) manifest.labels[output.name] = std::move(labels);
  std::vector<std::string> titles;
  for (const EnsembleMember& member : members) titles.push_back(member.title());
  manifest.lineage.source_name = fmt::format("{}", fmt::join(titles, ", "));
  manifest.lineage.source_format = "ensemble";
  manifest.lineage.tool_version = std::string(kVersion);
  manifest.lineage.self_check =
      fmt::format("combination compared with plain code on {} rows", kCheckedRows);
  manifest.annotations["slipway.combine"] = std::string(NameOf(combination.kind));
  return manifest;
}

/// Rows of members' probabilities, made up.
std::vector<float> MadeUpRows(const Combination& combination) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<float> uniform(0.0F, 8.0F);
  std::vector<float> rows(kCheckedRows * combination.members * combination.classes);
  for (std::size_t begin = 0; begin < rows.size(); begin += combination.classes) {
    const std::span<float> row = std::span(rows).subspan(begin, combination.classes);
    float sum = 0;
    for (float& value : row) sum += value = std::exp(uniform(random));
    for (float& value : row) value /= sum;
  }
  return rows;
}

/// One tensor for each member: its probabilities, or logits where it gives those.
Result<std::vector<TensorBuffer>> InputsOf(const Combination& combination,
                                           const std::vector<bool>& needs_softmax,
                                           const std::vector<float>& rows) {
  const std::size_t classes = combination.classes;
  std::vector<TensorBuffer> inputs;
  for (std::size_t member = 0; member < combination.members; ++member) {
    SLIPWAY_TRY(TensorBuffer input,
                TensorBuffer::Allocate(DType::kF32, {static_cast<std::int64_t>(kCheckedRows),
                                                     static_cast<std::int64_t>(classes)}));
    for (std::size_t i = 0; i < kCheckedRows * classes; ++i) {
      const std::size_t row = i / classes;
      const float value = rows[(row * combination.members + member) * classes + i % classes];
      input.As<float>()[i] = needs_softmax[member] ? std::log(value) : value;
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

/// The graph on the engine against its twin.
Status CheckGraph(engine::Engine& engine, const std::string& graph, const Combination& combination,
                  const std::vector<bool>& needs_softmax) {
  SLIPWAY_TRY(
      const auto executable,
      engine.Compile({.path = "combination.onnx", .bytes = std::as_bytes(std::span(graph))}, {}));
  const std::vector<float> rows = MadeUpRows(combination);
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs, InputsOf(combination, needs_softmax, rows));
  std::vector<TensorView> views;
  for (const TensorBuffer& input : inputs) views.push_back(input.view());
  SLIPWAY_TRY(const std::vector<TensorBuffer> outputs, executable->RunAll(views));
  const std::span<const float> given = outputs[0].view().As<float>();
  const std::size_t width = combination.members * combination.classes;
  for (std::size_t row = 0; row < kCheckedRows; ++row) {
    const std::vector<double> wanted =
        Combine(combination, std::span(rows).subspan(row * width, width));
    for (std::size_t c = 0; c < combination.classes; ++c) {
      const double difference = std::abs(given[row * combination.classes + c] - wanted[c]);
      if (difference > kTolerance)
        return Internal(fmt::format("the combination is off by {:.2g} on the engine", difference));
    }
  }
  return {};
}

}  // namespace

std::string EnsembleMember::title() const {
  return fmt::format("{}:{}", version.model, version.version);
}

std::size_t EnsembleMember::classes() const {
  return static_cast<std::size_t>(manifest.signature.outputs[0].shape[1]);
}

Result<std::vector<EnsembleMember>> OpenMembers(registry::Registry& registry,
                                                engine::Engine& engine,
                                                std::span<const std::string> references) {
  if (references.size() < 2 || references.size() >= package::kMaxEnsembleSteps) {
    return Refused(fmt::format("an ensemble has 2 to {} members, not {}",
                               package::kMaxEnsembleSteps - 1, references.size()));
  }
  std::vector<EnsembleMember> members;
  for (const std::string& reference : references) {
    SLIPWAY_TRY(EnsembleMember member, OpenMember(registry, engine, reference));
    for (const EnsembleMember& before : members)
      SLIPWAY_RETURN_IF_ERROR(CheckAgainst(before, member));
    members.push_back(std::move(member));
  }
  SLIPWAY_RETURN_IF_ERROR(LabelsOf(members).status());
  return members;
}

Result<std::vector<float>> ProbabilitiesOf(const EnsembleMember& member,
                                           const EnsembleMember& first,
                                           std::span<const TensorView> inputs) {
  const Signature& signature = member.executable->signature();
  std::vector<TensorView> ordered(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec* spec = Counterpart(member, first.manifest.signature, i);
    for (std::size_t place = 0; place < signature.inputs.size(); ++place) {
      if (signature.inputs[place].name == spec->name) ordered[place] = inputs[i];
    }
  }
  const std::size_t wanted = 0;
  std::vector<TensorBuffer> outputs(1);
  SLIPWAY_RETURN_IF_ERROR(member.executable->Run(ordered, {&wanted, 1}, outputs));
  const std::span<const float> given = outputs[0].view().As<float>();
  std::vector<float> scores(given.begin(), given.end());
  if (!member.needs_softmax) return scores;
  for (std::size_t begin = 0; begin < scores.size(); begin += member.classes()) {
    const std::span<float> row = std::span(scores).subspan(begin, member.classes());
    const float highest = *std::ranges::max_element(row);
    float sum = 0;
    for (float& score : row) sum += score = std::exp(score - highest);
    for (float& score : row) score /= sum;
  }
  return scores;
}

Result<registry::ModelVersion> PublishEnsemble(registry::Registry& registry, engine::Engine& engine,
                                               std::span<const EnsembleMember> members,
                                               const Combination& combination,
                                               const std::string& name) {
  if (!IsModelName(name)) {
    return Refused(fmt::format("\"{}\" cannot be a model's name", name))
        .Hint(fmt::format("names look like {}", kModelNamePattern));
  }
  SLIPWAY_TRY(package::Manifest manifest, DraftManifest(members, combination, name));
  for (const EnsembleMember& member : members) {
    if (member.version.model == name)
      return Refused(fmt::format("\"{}\" is the name of a member", name))
          .Hint("choose another --name");
  }
  std::vector<bool> needs_softmax;
  for (const EnsembleMember& member : members) needs_softmax.push_back(member.needs_softmax);
  SLIPWAY_TRY(const std::string graph,
              graph::EncodeModel(MakeCombiningGraph(combination, needs_softmax)));
  SLIPWAY_RETURN_IF_ERROR(CheckGraph(engine, graph, combination, needs_softmax));
  SLIPWAY_TRY(manifest.graph, registry.blobs().Add(std::as_bytes(std::span(graph))));
  return registry.Publish(name, manifest);
}

}  // namespace slipway::jobs
