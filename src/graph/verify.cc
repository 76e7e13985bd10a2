#include "graph/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/attribute_limits.h"
#include "graph/function_calls.h"
#include "graph/tensor_bytes.h"

namespace slipway::graph {

namespace {

constexpr std::size_t kMaxNesting = 100;

using Names = std::unordered_set<std::string_view>;

std::string Quoted(std::string_view text) { return fmt::format("\"{}\"", Printable(text)); }

/// Both names of the default domain are one.
std::string_view DomainOf(std::string_view domain) { return domain == "ai.onnx" ? "" : domain; }

/// A graph and perhaps one node of it, as a reader finds it. Text only when it is asked for.
struct Place {
  std::string graph;
  const Node* node = nullptr;
  std::size_t index = 0;

  std::string Text() const {
    if (node == nullptr) return graph;
    return fmt::format("{}, node {} {} ({})", graph, index, Quoted(node->name),
                       Printable(node->op));
  }
};

class Verifier {
 public:
  Verifier(const Model& model, std::size_t max_findings)
      : model_(model), max_findings_(max_findings) {}

  std::vector<Finding> Run() {
    for (const std::string& name : RecursiveFunctions(model_)) {
      Add({fmt::format("function {}", Quoted(name))},
          "it calls itself, or stands between functions that do");
    }
    UseImports(model_.opset_imports, {"model"});
    CheckGraph(model_.main, "main");
    for (const Function& function : model_.functions) CheckFunction(function);
    return std::move(findings_);
  }

 private:
  bool Full() const { return findings_.size() >= max_findings_; }
  void Add(const Place& place, std::string message) {
    if (!Full()) findings_.push_back({place.Text(), std::move(message)});
  }

  void UseImports(const std::vector<OpsetImport>& imports, const Place& place);
  void CheckFunction(const Function& function);
  void CheckGraph(const Graph& graph, const std::string& place);
  bool CheckValues(const Graph& graph, const Place& place);
  void DefineInputs(const Graph& graph, const Place& place, Names& defined);
  void DefineConstants(const Graph& graph, const Place& place, Names& defined);
  void CheckNodes(const Graph& graph, const Place& place, Names& defined);
  void CheckNode(const Graph& graph, const Place& place, Names& defined);
  void CheckOutputs(const Graph& graph, const Place& place);
  void CheckAttribute(const Attribute& attribute, const Place& place);
  void CheckTensor(const Tensor& tensor, const Place& place);
  void CheckSparse(const SparseTensor& sparse, const Place& place);
  bool IsDefined(std::string_view name) const {
    return std::ranges::any_of(scopes_, [&](const Names* scope) { return scope->contains(name); });
  }

  const Model& model_;
  const std::size_t max_findings_;
  std::set<std::string_view> domains_;
  bool in_function_ = false;
  std::vector<const Names*> scopes_;  ///< of the graphs around, the innermost last
  std::vector<Finding> findings_;
};

void Verifier::UseImports(const std::vector<OpsetImport>& imports, const Place& place) {
  domains_.clear();
  for (const OpsetImport& import : imports) {
    if (!domains_.insert(DomainOf(import.domain)).second)
      Add(place, fmt::format("operator set {} is imported twice", Quoted(import.domain)));
    if (import.version < 1)
      Add(place, fmt::format("operator set {} has no version", Quoted(import.domain)));
  }
  if (imports.empty()) Add(place, "no operator set is imported");
}

void Verifier::CheckFunction(const Function& function) {
  const Place place{fmt::format("function {}", Quoted(function.name))};
  if (function.name.empty()) Add(place, "a function has no name");
  if (!function.body.initializers.empty() || !function.body.sparse_initializers.empty())
    Add(place, "a function cannot hold constants outside its nodes");
  UseImports(function.opset_imports, place);
  in_function_ = true;
  CheckGraph(function.body, place.graph);
  in_function_ = false;
}

void Verifier::CheckGraph(const Graph& graph, const std::string& name) {
  const Place place{name};
  if (scopes_.size() >= kMaxNesting)
    return Add(place, fmt::format("graphs nest deeper than {}", kMaxNesting));
  if (Full() || !CheckValues(graph, place)) return;
  Names defined;
  scopes_.push_back(&defined);
  DefineInputs(graph, place, defined);
  DefineConstants(graph, place, defined);
  CheckNodes(graph, place, defined);
  CheckOutputs(graph, place);
  scopes_.pop_back();
}

/// False if an id points to no value: nothing can be said about such a graph.
bool Verifier::CheckValues(const Graph& graph, const Place& place) {
  const auto points_nowhere = [&](const std::vector<ValueId>& ids) {
    return std::ranges::any_of(ids, [&](ValueId id) {
      return id != kNoValue && static_cast<std::size_t>(id) >= graph.values.size();
    });
  };
  const bool broken = points_nowhere(graph.inputs) || points_nowhere(graph.outputs) ||
                      std::ranges::any_of(graph.nodes, [&](const Node& node) {
                        return points_nowhere(node.inputs) || points_nowhere(node.outputs);
                      });
  if (broken) {
    Add(place, "a node or the graph refers to a value that does not exist");
    return false;
  }
  Names names;
  for (const Value& value : graph.values) {
    if (value.name.empty()) Add(place, "a value has no name");
    if (!names.insert(value.name).second)
      Add(place, fmt::format("two values are named {}", Quoted(value.name)));
  }
  return true;
}

void Verifier::DefineInputs(const Graph& graph, const Place& place, Names& defined) {
  for (const ValueId id : graph.inputs) {
    if (id == kNoValue) {
      Add(place, "an input has no name");
      continue;
    }
    if (!defined.insert(graph.NameOf(id)).second)
      Add(place, fmt::format("input {} is listed twice", Quoted(graph.NameOf(id))));
  }
}

void Verifier::DefineConstants(const Graph& graph, const Place& place, Names& defined) {
  Names constants;
  const auto define = [&](const Tensor& tensor) {
    if (tensor.name.empty()) Add(place, "a constant has no name");
    if (!constants.insert(tensor.name).second)
      Add(place, fmt::format("two constants are named {}", Quoted(tensor.name)));
    defined.insert(tensor.name);
  };
  for (const Tensor& tensor : graph.initializers) {
    define(tensor);
    CheckTensor(tensor, place);
  }
  for (const SparseTensor& sparse : graph.sparse_initializers) {
    define(sparse.values);
    CheckSparse(sparse, place);
  }
}

void Verifier::CheckNodes(const Graph& graph, const Place& place, Names& defined) {
  for (std::size_t i = 0; i < graph.nodes.size() && !Full(); ++i)
    CheckNode(graph, {place.graph, &graph.nodes[i], i}, defined);
}

void Verifier::CheckNode(const Graph& graph, const Place& place, Names& defined) {
  const Node& node = *place.node;
  if (node.op.empty()) Add(place, "a node has no operator");
  const bool is_imported = domains_.contains(DomainOf(node.domain));
  if (!is_imported) Add(place, fmt::format("operator set {} is not imported", Quoted(node.domain)));
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || IsDefined(graph.NameOf(id))) continue;
    Add(place, fmt::format("input {} is produced by nothing before it: nodes are out of order, in "
                           "a cycle, or one is missing",
                           Quoted(graph.NameOf(id))));
  }
  std::unordered_set<std::string_view> names;
  for (const Attribute& attribute : node.attributes) {
    if (!names.insert(attribute.name).second)
      Add(place, fmt::format("two attributes are named {}", Quoted(attribute.name)));
    CheckAttribute(attribute, place);
  }
  if (auto forbidden = ForbiddenNumber(node)) Add(place, *std::move(forbidden));
  for (const ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    if (IsDefined(graph.NameOf(id)))
      Add(place, fmt::format("output {} is defined before", Quoted(graph.NameOf(id))));
    defined.insert(graph.NameOf(id));
  }
}

void Verifier::CheckOutputs(const Graph& graph, const Place& place) {
  for (const ValueId id : graph.outputs) {
    if (id == kNoValue) {
      Add(place, "an output has no name");
    } else if (!IsDefined(graph.NameOf(id))) {
      Add(place, fmt::format("output {} is produced by nothing", Quoted(graph.NameOf(id))));
    }
  }
}

void Verifier::CheckAttribute(const Attribute& attribute, const Place& place) {
  if (attribute.name.empty()) Add(place, "an attribute has no name");
  if (!attribute.reference.empty() && !in_function_)
    Add(place,
        fmt::format("attribute {} refers to a function's, outside of one", Quoted(attribute.name)));
  const auto check_graph = [&](const std::unique_ptr<Graph>& body) {
    if (body == nullptr) return Add(place, "a sub-graph is missing");
    CheckGraph(*body, fmt::format("{}, {}", place.Text(), Printable(attribute.name)));
  };
  if (const auto* tensor = std::get_if<Tensor>(&attribute.value)) CheckTensor(*tensor, place);
  if (const auto* sparse = std::get_if<SparseTensor>(&attribute.value)) CheckSparse(*sparse, place);
  if (const auto* body = std::get_if<std::unique_ptr<Graph>>(&attribute.value)) check_graph(*body);
  if (const auto* tensors = std::get_if<std::vector<Tensor>>(&attribute.value)) {
    for (const Tensor& tensor : *tensors) CheckTensor(tensor, place);
  }
  if (const auto* list = std::get_if<std::vector<SparseTensor>>(&attribute.value)) {
    for (const SparseTensor& sparse : *list) CheckSparse(sparse, place);
  }
  if (const auto* bodies = std::get_if<std::vector<std::unique_ptr<Graph>>>(&attribute.value)) {
    for (const auto& body : *bodies) check_graph(body);
  }
}

void Verifier::CheckTensor(const Tensor& tensor, const Place& place) {
  const auto fail = [&](std::string_view what) {
    Add(place, fmt::format("constant {} {}", Quoted(tensor.name), what));
  };
  const auto count = tensor.ElementCount();
  if (!count) return fail("has negative or too large dimensions");
  if (tensor.dtype == DType::kString) {
    if (tensor.strings.size() != *count) fail("has another number of strings than its dimensions");
    return;
  }
  const auto size = PackedSize(tensor.dtype, tensor.dims);
  if (!size) return fail("has no element type, or too large dimensions");
  const std::uint64_t there =
      tensor.external ? tensor.external->length.value_or(*size) : tensor.data.size();
  if (there != *size) fail(fmt::format("has {} bytes, its dimensions need {}", there, *size));
}

void Verifier::CheckSparse(const SparseTensor& sparse, const Place& place) {
  CheckTensor(sparse.values, place);
  CheckTensor(sparse.indices, place);
  const auto count = sparse.values.ElementCount();
  const bool is_linear = sparse.indices.dims.size() == 1;
  const bool is_by_rank = sparse.indices.dims.size() == 2 &&
                          sparse.indices.dims[1] == static_cast<std::int64_t>(sparse.dims.size());
  const bool fits = count && (is_linear || is_by_rank) && sparse.indices.dtype == DType::kI64 &&
                    sparse.indices.dims[0] == static_cast<std::int64_t>(*count) &&
                    CheckedProduct(sparse.dims);
  if (!fits) {
    Add(place, fmt::format("sparse constant {} has indices that do not fit its values",
                           Quoted(sparse.values.name)));
  }
}

}  // namespace

std::vector<Finding> Verify(const Model& model, std::size_t max_findings) {
  return Verifier(model, max_findings).Run();
}

Status ToStatus(const std::vector<Finding>& findings) {
  if (findings.empty()) return {};
  constexpr std::size_t kShown = 5;
  std::string message = findings.front().message;
  for (std::size_t i = 1; i < std::min(findings.size(), kShown); ++i)
    message += fmt::format("; {}: {}", findings[i].place, findings[i].message);
  if (findings.size() > kShown) message += fmt::format("; {} more", findings.size() - kShown);
  return InvalidArgument(std::move(message)).With(errors::kInvalidGraph).At(findings.front().place);
}

}  // namespace slipway::graph
