#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/describe.h"
#include "cli/model_argument.h"
#include "graph/graph.h"
#include "graph/onnx_file.h"
#include "graph/text.h"

namespace slipway::cli {

namespace {

std::map<std::string, std::size_t> CountOperators(const graph::Graph& graph) {
  std::map<std::string, std::size_t> counts;
  for (const graph::Node& node : graph.nodes) {
    ++counts[node.domain.empty() ? node.op : node.domain + "." + node.op];
  }
  return counts;
}

std::uint64_t BytesOfTensor(const graph::Tensor& tensor) {
  return tensor.external ? tensor.external->length.value_or(0) : tensor.data.size();
}

std::string DescribeOperators(const graph::Graph& graph) {
  std::string text;
  for (const auto& [name, count] : CountOperators(graph))
    text += fmt::format("  {:<32} {}\n", name, count);
  return text;
}

std::string DescribeWeights(const graph::Graph& graph) {
  std::vector<const graph::Tensor*> tensors;
  for (const graph::Tensor& tensor : graph.initializers) tensors.push_back(&tensor);
  std::ranges::stable_sort(tensors, std::greater<>(),
                           [](const graph::Tensor* tensor) { return BytesOfTensor(*tensor); });
  std::string text;
  for (const graph::Tensor* tensor : tensors) {
    text += fmt::format("  {:<48} {}[{}]  {}\n", tensor->name, ShortName(tensor->dtype),
                        fmt::join(tensor->dims, ","), HumanBytes(BytesOfTensor(*tensor)));
  }
  return text;
}

OrderedJson GraphToJson(const graph::Model& model) {
  OrderedJson json;
  json["opset"] = model.Opset();
  json["ir_version"] = model.ir_version;
  json["nodes"] = model.main.nodes.size();
  OrderedJson operators = OrderedJson::object();
  for (const auto& [name, count] : CountOperators(model.main)) operators[name] = count;
  json["operators"] = std::move(operators);
  OrderedJson weights = OrderedJson::array();
  for (const graph::Tensor& tensor : model.main.initializers) {
    weights.push_back({{"name", tensor.name},
                       {"dtype", ShortName(tensor.dtype)},
                       {"dims", tensor.dims},
                       {"bytes", BytesOfTensor(tensor)}});
  }
  json["weights"] = std::move(weights);
  return json;
}

CommandResult RunInspect(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const OpenedModel opened, OpenModel(context, arguments.Text("MODEL")));
  const bool has_graph = !opened.graph_path.empty();  // an ensemble may have none
  graph::Model model;
  if (has_graph) {
    SLIPWAY_TRY(model, graph::ReadModelFile(opened.graph_path));
  }
  OrderedJson json = has_graph ? GraphToJson(model) : OrderedJson::object();
  if (opened.manifest.ensemble)
    json["ensemble"] = package::EnsembleToJson(*opened.manifest.ensemble);
  json["signature"] = package::SignatureToJson(opened.manifest.signature);
  if (opened.imported) json["import"] = ImportToJson(*opened.imported);
  const bool everything = !arguments.Switch("--signature") && !arguments.Switch("--ops") &&
                          !arguments.Switch("--weights") && !arguments.Switch("--graph");
  std::string text;
  if (everything) {
    text += fmt::format("{}\n{}", opened.title, DescribeManifest(opened.manifest));
    if (has_graph) {
      text += fmt::format("  opset     {} ({} nodes, {} weights)\n", model.Opset(),
                          model.main.nodes.size(), model.main.initializers.size());
    }
  }
  if (everything || arguments.Switch("--ops"))
    text += (everything ? "operators\n" : "") + DescribeOperators(model.main);
  if (arguments.Switch("--signature")) text += DescribeSignature(opened.manifest.signature);
  if (arguments.Switch("--weights")) text += DescribeWeights(model.main);
  if (arguments.Switch("--graph")) text += graph::PrintText(model);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Model", json, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeInspectCommand() {
  return {
      .name = "inspect",
      .group = "Model work",
      .summary = "show what a model is made of",
      .positionals = {{.name = "MODEL", .help = "a model file, or a model of the store"}},
      .flags = {{.name = "--signature", .help = "inputs and outputs", .from_environment = false},
                {.name = "--ops",
                 .help = "operators and how often each occurs",
                 .from_environment = false},
                {.name = "--weights",
                 .help = "constants, the largest first",
                 .from_environment = false},
                {.name = "--graph", .help = "every node as text", .from_environment = false}},
      .examples = {"slipway inspect model.keras", "slipway inspect mnist:2 --ops",
                   "slipway inspect model.onnx --format json"},
      .run = RunInspect};
}

}  // namespace slipway::cli
