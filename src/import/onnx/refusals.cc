#include "import/onnx/refusals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/onnx/check.h"
#include "graph/verify.h"

namespace slipway::import {

namespace {

constexpr std::int64_t kOldestOpset = 7;

/// Domains whose operators engines know. A model's own functions add theirs.
constexpr std::string_view kKnownDomains[] = {
    "", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"};

/// Operators that run code or open files that the model names.
constexpr std::string_view kForbiddenOperators[] = {"ATen",         "EPContext", "PythonOp",
                                                    "PythonOpGrad", "PyOp",      "PyCustomOp"};

struct Found {
  std::map<std::string, std::size_t> unknown;    ///< operators of unknown domains, and how often
  std::map<std::string, std::size_t> forbidden;  ///< operators that may never run
};

class Search {
 public:
  explicit Search(const graph::Model& model) {
    domains_.insert(std::begin(kKnownDomains), std::end(kKnownDomains));
    for (const graph::Function& function : model.functions) domains_.insert(function.domain);
    InGraph(model.main);
    for (const graph::Function& function : model.functions) InGraph(function.body);
  }
  const Found& found() const { return found_; }

 private:
  void InGraph(const graph::Graph& graph) {
    for (const graph::Node& node : graph.nodes) {
      Look(node);
      for (const graph::Attribute& attribute : node.attributes) InAttribute(attribute);
    }
  }
  void InAttribute(const graph::Attribute& attribute) {
    if (const auto* body = std::get_if<std::unique_ptr<graph::Graph>>(&attribute.value)) {
      if (*body != nullptr) InGraph(**body);
    }
    using Bodies = std::vector<std::unique_ptr<graph::Graph>>;
    if (const auto* bodies = std::get_if<Bodies>(&attribute.value)) {
      for (const auto& body : *bodies) InGraph(*body);
    }
  }
  void Look(const graph::Node& node) {
    const std::string name =
        Printable(node.domain.empty() ? node.op : fmt::format("{}.{}", node.domain, node.op));
    if (std::ranges::find(kForbiddenOperators, node.op) != std::end(kForbiddenOperators)) {
      ++found_.forbidden[name];
    } else if (!domains_.contains(node.domain)) {
      ++found_.unknown[name];
    }
  }

  std::set<std::string_view> domains_;
  Found found_;
};

std::string Listed(const std::map<std::string, std::size_t>& operators) {
  constexpr std::size_t kShown = 20;
  std::vector<std::string> parts;
  for (const auto& [name, count] : operators) {
    if (parts.size() == kShown) break;
    parts.push_back(fmt::format("{} ({}x)", name, count));
  }
  if (operators.size() > kShown) parts.push_back(fmt::format("{} more", operators.size() - kShown));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Status CheckOperators(const graph::Model& model) {
  const Search search(model);
  if (const auto& forbidden = search.found().forbidden; !forbidden.empty()) {
    return PermissionDenied(
               fmt::format("operators that run code outside of the model: {}", Listed(forbidden)))
        .With(errors::kForbiddenContent)
        .Hint("export the model without them");
  }
  if (const auto& unknown = search.found().unknown; !unknown.empty()) {
    return Unimplemented(fmt::format("operators of unknown domains: {}; known are {}",
                                     Listed(unknown), "ai.onnx, ai.onnx.ml and com.microsoft"))
        .With(errors::kUnsupportedLayers)
        .Hint("export the model with standard operators");
  }
  return {};
}

Status CheckVersions(const graph::Model& model) {
  for (const graph::OpsetImport& import : model.opset_imports) {
    const bool is_default = import.domain.empty() || import.domain == "ai.onnx";
    if (!is_default || (import.version >= kOldestOpset && import.version <= graph::NewestOpset()))
      continue;
    return Unimplemented(fmt::format("operator set version {}: versions {} to {} are imported",
                                     import.version, kOldestOpset, graph::NewestOpset()))
        .With(errors::kUnsupportedLayers)
        .Hint("export the model with another opset_version");
  }
  return {};
}

}  // namespace

Status CheckImportable(const graph::Model& model) {
  SLIPWAY_RETURN_IF_ERROR(graph::ToStatus(graph::Verify(model)));
  SLIPWAY_RETURN_IF_ERROR(CheckVersions(model));
  SLIPWAY_RETURN_IF_ERROR(CheckOperators(model));
  return graph::ToStatus(graph::CheckModel(model));
}

}  // namespace slipway::import
