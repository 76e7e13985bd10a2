#include "graph/onnx/check.h"

#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>

#include <exception>
#include <map>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "graph/onnx/skeleton.h"

namespace slipway::graph {

namespace {

using ::onnx::OpSchemaRegistry;

/// The newest version of a domain that has schemas; nullopt for a domain without.
std::optional<std::int64_t> NewestOf(const std::string& domain) {
  const auto& map = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  const auto found = map.find(domain == "ai.onnx" ? "" : domain);
  if (found == map.end()) return std::nullopt;
  return found->second.second;
}

/// Names of operators near to one that does not exist.
std::string Suggestion(const std::string& op, const std::string& domain) {
  std::vector<std::string> names;
  for (const ::onnx::OpSchema& schema : OpSchemaRegistry::get_all_schemas()) {
    if (schema.domain() == (domain == "ai.onnx" ? "" : domain)) names.push_back(schema.Name());
  }
  const auto near = DidYouMean(op, names);
  return near ? fmt::format(" (did you mean {}?)", *near) : "";
}

class SchemaCheck {
 public:
  SchemaCheck(const Model& model, const ::onnx::ModelProto& proto, std::size_t max_findings)
      : model_(model), proto_(proto), max_findings_(max_findings) {}

  std::vector<Finding> Run() {
    CheckVersions();
    if (findings_.empty()) CheckNodes();
    if (findings_.empty() && proto_.functions_size() > 0) CheckFunctions();
    return std::move(findings_);
  }

 private:
  void Add(std::string place, std::string message) {
    if (findings_.size() < max_findings_)
      findings_.push_back({std::move(place), std::move(message)});
  }

  void CheckVersions() {
    if (model_.ir_version > NewestIrVersion()) {
      Add("model", fmt::format("format version {} is newer than {}, the newest that is known",
                               model_.ir_version, NewestIrVersion()));
    }
    for (const OpsetImport& import : model_.opset_imports) {
      const auto newest = NewestOf(import.domain);
      if (!newest || import.version <= *newest) continue;
      Add("model", fmt::format("operator set \"{}\" has version {}; versions to {} are known",
                               Printable(import.domain), import.version, *newest));
    }
  }

  ::onnx::checker::CheckerContext Context() const {
    ::onnx::checker::CheckerContext context;
    std::unordered_map<std::string, int> imports;
    for (const OpsetImport& import : model_.opset_imports)
      imports[import.domain] = static_cast<int>(import.version);
    context.set_opset_imports(std::move(imports));
    context.set_ir_version(static_cast<int>(model_.ir_version));
    return context;
  }

  /// Node by node, so that all faults are found and each has its place.
  void CheckNodes() {
    const ::onnx::checker::CheckerContext context = Context();
    ::onnx::checker::LexicalScopeContext scope;
    for (const auto& input : proto_.graph().input()) scope.add(input.name());
    for (const auto& tensor : proto_.graph().initializer()) scope.add(tensor.name());
    for (const auto& sparse : proto_.graph().sparse_initializer())
      scope.add(sparse.values().name());
    for (int i = 0; i < proto_.graph().node_size(); ++i) {
      const ::onnx::NodeProto& node = proto_.graph().node(i);
      CheckNode(i, node, context, scope);
      for (const std::string& output : node.output()) scope.add(output);
    }
  }

  void CheckNode(int index, const ::onnx::NodeProto& node,
                 const ::onnx::checker::CheckerContext& context,
                 const ::onnx::checker::LexicalScopeContext& scope) {
    std::string place = fmt::format("main, node {} \"{}\" ({})", index, Printable(node.name()),
                                    Printable(node.op_type()));
    if (!Exists(node, context)) {
      Add(std::move(place),
          fmt::format("operator set \"{}\" has no operator {}{}", Printable(node.domain()),
                      Printable(node.op_type()), Suggestion(node.op_type(), node.domain())));
      return;
    }
    try {
      ::onnx::checker::check_node(node, context, scope);
    } catch (const std::exception& error) {
      Add(std::move(place), fmt::format("does not fit its operator: {}", ReasonOf(error)));
    }
  }

  static bool Exists(const ::onnx::NodeProto& node,
                     const ::onnx::checker::CheckerContext& context) {
    if (!NewestOf(node.domain()) || ::onnx::checker::check_is_experimental_op(node)) return true;
    const std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
    const auto& imports = context.get_opset_imports();
    auto import = imports.find(node.domain());
    if (import == imports.end()) import = imports.find(domain.empty() ? "ai.onnx" : domain);
    if (import == imports.end()) return true;  // Verify() says so
    return OpSchemaRegistry::Instance()->GetSchema(node.op_type(), import->second, domain) !=
           nullptr;
  }

  void CheckFunctions() {
    try {
      ::onnx::checker::check_model_local_functions(proto_, Context(), {});
    } catch (const std::exception& error) {
      Add("functions", ReasonOf(error));
    }
  }

  const Model& model_;
  const ::onnx::ModelProto& proto_;
  const std::size_t max_findings_;
  std::vector<Finding> findings_;
};

}  // namespace

std::int64_t NewestOpset() { return NewestOf("").value_or(0); }
std::int64_t NewestIrVersion() { return ::onnx::Version::IR_VERSION; }

std::vector<Finding> CheckModel(const Model& model, std::size_t max_findings) {
  const Result<::onnx::ModelProto> proto = SkeletonOf(model, Keep::kType);
  if (!proto.ok()) return {{"model", proto.status().message()}};
  return SchemaCheck(model, *proto, max_findings).Run();
}

}  // namespace slipway::graph
