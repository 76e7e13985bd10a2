#include "repository/describe_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"

namespace slipway::repository {
namespace {

std::string DescribeModel(const FoundModel& model, const SelectedVersions& selected) {
  std::string text = fmt::format("  {}: versions {}", model.name, fmt::join(model.Numbers(), ", "));
  text +=
      fmt::format("; serves {} ({})",
                  selected.versions.empty() ? std::string("none")
                                            : fmt::format("{}", fmt::join(selected.versions, ", ")),
                  ToString(model.settings.policy));
  for (const auto& [label, version] : model.settings.version_labels)
    text += fmt::format(", {} is {}", Printable(label, 64), version);
  return text;
}

void WarnOfModel(const FoundModel& model, const SelectedVersions& selected,
                 std::vector<std::string>& warnings) {
  if (!model.refusal.empty()) {
    warnings.push_back(fmt::format("{} is not served: {}", model.name, model.refusal));
    return;
  }
  for (const std::string& field : model.settings.ignored)
    warnings.push_back(fmt::format("{}: without effect: {}", model.name, field));
  for (const std::int64_t version : selected.missing)
    warnings.push_back(fmt::format("{}:{} is not there", model.name, version));
  for (const std::int64_t version : selected.versions) {
    const std::string& refusal = model.Find(version)->refusal;
    if (!refusal.empty())
      warnings.push_back(fmt::format("{}:{} is not served: {}", model.name, version, refusal));
  }
}

}  // namespace

std::string_view LayoutName(RepositoryLayout::Kind kind) {
  switch (kind) {
    case RepositoryLayout::Kind::kEmpty:
      return "a folder without models";
    case RepositoryLayout::Kind::kTriton:
      return "a Triton repository";
    case RepositoryLayout::Kind::kBasePath:
      return "the base path of one model";
    case RepositoryLayout::Kind::kBasePaths:
      return "base paths side by side";
    case RepositoryLayout::Kind::kFiles:
      return "model files";
    case RepositoryLayout::Kind::kList:
      return "a list of models";
  }
  return "";
}

LayoutText DescribeLayout(const RepositoryLayout& layout) {
  LayoutText text;
  text.lines.push_back(fmt::format("{} is {}; models: {}", Printable(layout.path),
                                   LayoutName(layout.kind), layout.models.size()));
  for (const std::string& finding : layout.findings) text.warnings.push_back(finding);
  for (const FoundModel& model : layout.models) {
    const SelectedVersions selected = model.Selected();
    if (model.refusal.empty()) text.lines.push_back(DescribeModel(model, selected));
    WarnOfModel(model, selected, text.warnings);
  }
  return text;
}

}  // namespace slipway::repository
