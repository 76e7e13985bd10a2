#include "cli/describe.h"

#include <fmt/format.h>

#include "base/text.h"

namespace slipway::cli {

namespace {

std::string HumanCount(std::uint64_t count) {
  if (count >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(count) / 1e6);
  if (count >= 10'000) return fmt::format("{:.1f} k", static_cast<double>(count) / 1e3);
  return std::to_string(count);
}

/// "  step 0    mnist:3 (image=x) -> (scores=member_0)".
std::string DescribeSteps(const package::Ensemble& ensemble) {
  const auto mapped = [](const std::map<std::string, std::string>& map) {
    std::vector<std::string> pairs;
    for (const auto& [of_model, of_ensemble] : map)
      pairs.push_back(fmt::format("{}={}", of_model, of_ensemble));
    return fmt::format("({})", fmt::join(pairs, ", "));
  };
  std::string text;
  for (std::size_t i = 0; i < ensemble.steps.size(); ++i) {
    const package::EnsembleStep& step = ensemble.steps[i];
    const std::string version = step.version ? fmt::format(":{}", *step.version) : std::string();
    const std::string server = step.server.empty() ? "" : fmt::format(" on {}", step.server);
    text += fmt::format("  {:<9} {}{}{} {} -> {}\n", fmt::format("step {}", i),
                        step.model.empty() ? "own graph" : step.model, version, server,
                        mapped(step.input_map), mapped(step.output_map));
  }
  return text;
}

}  // namespace

std::string DescribeSignature(const Signature& signature) {
  std::string text;
  for (const TensorSpec& spec : signature.inputs)
    text += fmt::format("  in        {}\n", ToString(spec));
  for (const TensorSpec& spec : signature.outputs)
    text += fmt::format("  out       {}\n", ToString(spec));
  return text;
}

std::string DescribeManifest(const package::Manifest& manifest) {
  std::string text = DescribeSignature(manifest.signature);
  const package::Lineage& lineage = manifest.lineage;
  text += fmt::format("  source    {} ({}{}{})\n", lineage.source_name, lineage.source_format,
                      lineage.framework.empty() ? "" : ", ", lineage.framework);
  if (lineage.source_digest)
    text += fmt::format("            {}\n", lineage.source_digest->ToString());
  if (manifest.ensemble) text += DescribeSteps(*manifest.ensemble);
  text += fmt::format("  {}by {}\n", manifest.ensemble ? "made      " : "imported  ",
                      lineage.tool_version);
  text += fmt::format("  checked   {}\n", lineage.self_check);
  for (const std::string& warning : lineage.warnings)
    text += fmt::format("  warning   {}\n", warning);
  return text;
}

std::string DescribeImport(const jobs::ImportedModel& model) {
  std::string text = fmt::format("imported  {} ({}{}{}, {} nodes, {} parameters)\n",
                                 model.manifest.lineage.source_name, model.format,
                                 model.framework.empty() ? "" : ", ", model.framework, model.nodes,
                                 HumanCount(model.parameters));
  for (const TensorSpec& spec : model.manifest.signature.inputs)
    text += fmt::format("in        {}\n", ToString(spec));
  for (const TensorSpec& spec : model.manifest.signature.outputs)
    text += fmt::format("out       {}\n", ToString(spec));
  text += fmt::format("checked   {}\n", model.self_check.summary);
  return text;
}

OrderedJson ImportToJson(const jobs::ImportedModel& model) {
  OrderedJson json;
  json["source"] = model.manifest.lineage.source_name;
  json["format"] = model.format;
  json["framework"] = model.framework;
  json["opset"] = model.opset;
  json["nodes"] = model.nodes;
  json["parameters"] = model.parameters;
  json["signature"] = package::SignatureToJson(model.manifest.signature);
  json["warnings"] = model.warnings;
  json["notes"] = model.notes;
  OrderedJson check;
  check["summary"] = model.self_check.summary;
  check["runs"] = model.self_check.runs;
  check["compared_with_samples"] = model.self_check.compared_with_samples;
  check["max_absolute_error"] = model.self_check.max_absolute_error;
  check["max_relative_error"] = model.self_check.max_relative_error;
  json["self_check"] = std::move(check);
  return json;
}

}  // namespace slipway::cli
