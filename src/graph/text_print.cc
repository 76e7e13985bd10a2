#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "graph/onnx_attribute_type.h"
#include "graph/text.h"
#include "graph/text_numbers.h"

namespace slipway::graph {

namespace {

bool IsPlain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/';
  });
}

bool IsIdentifier(std::string_view name) {
  return IsPlain(name) && name.find_first_of("./") == std::string_view::npos &&
         !(name[0] >= '0' && name[0] <= '9');
}

std::string Word(std::string_view name) {
  return IsIdentifier(name) ? std::string(name) : QuotedText(name);
}

std::string ValueName(const Graph& graph, ValueId id) {
  if (id == kNoValue) return "_";
  const std::string_view name = graph.NameOf(id);
  return "%" + (IsPlain(name) ? std::string(name) : QuotedText(name));
}

std::string DimText(const Dim& dim) {
  if (dim.size) return std::to_string(*dim.size);
  return dim.symbol.empty() ? "?" : Word(dim.symbol);
}

std::string TypeText(const ValueType& type) {
  if (type.kind == ValueType::Kind::kOther)
    return fmt::format("other {}", QuotedText(HexOf(std::as_bytes(std::span(type.opaque)))));
  std::string text = type.kind == ValueType::Kind::kSparseTensor ? "sparse " : "";
  text += ShortName(type.dtype);
  if (!type.shape) return text;
  std::vector<std::string> dims;
  for (const Dim& dim : *type.shape) dims.push_back(DimText(dim));
  return fmt::format("{}[{}]", text, fmt::join(dims, ","));
}

std::string FloatText(float value) { return fmt::format("{}f", value); }

class Printer {
 public:
  explicit Printer(const TextOptions& options) : options_(options) {}

  void PrintModel(const Model& model) {
    Line(fmt::format("ir_version {}", model.ir_version));
    PrintOpsets(model.opset_imports);
    if (!model.producer_name.empty() || !model.producer_version.empty()) {
      Line(fmt::format("producer {} {}", QuotedText(model.producer_name),
                       QuotedText(model.producer_version)));
    }
    for (const auto& [key, value] : model.metadata)
      Line(fmt::format("metadata {} {}", QuotedText(key), QuotedText(value)));
    Line(GraphText(model.main));
    for (const Function& function : model.functions) PrintFunction(function);
  }
  std::string Take() { return std::move(text_); }

 private:
  void Line(std::string_view line) {
    text_ += line;
    text_ += '\n';
  }
  std::string Indent() const { return std::string(2 * depth_, ' '); }

  void PrintOpsets(const std::vector<OpsetImport>& imports) {
    for (const OpsetImport& import : imports)
      Line(fmt::format("opset {} {}", QuotedText(import.domain), import.version));
  }

  void PrintFunction(const Function& function) {
    std::vector<std::string> attributes;
    for (const std::string& name : function.attributes) attributes.push_back(Word(name));
    Line(fmt::format("function {} {} [{}]", QuotedText(function.domain), QuotedText(function.name),
                     fmt::join(attributes, ", ")));
    for (const Attribute& attribute : function.default_attributes)
      Line(fmt::format("default {}", AttributeText(attribute)));
    PrintOpsets(function.opset_imports);
    Line(GraphText(function.body));
  }

  std::string TypedNames(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> parts;
    for (const ValueId id : ids) {
      std::string part = ValueName(graph, id);
      if (id != kNoValue && graph.value(id).type.kind != ValueType::Kind::kUnknown)
        part += ": " + TypeText(graph.value(id).type);
      parts.push_back(std::move(part));
    }
    return fmt::format("({})", fmt::join(parts, ", "));
  }

  std::string GraphText(const Graph& graph) {
    std::string text =
        fmt::format("graph {} {} -> {} {{\n", QuotedText(graph.name),
                    TypedNames(graph, graph.inputs), TypedNames(graph, graph.outputs));
    ++depth_;
    for (const Tensor& tensor : graph.initializers)
      text += fmt::format("{}const {}\n", Indent(), ConstantText(tensor));
    for (const Value& value : graph.values) {
      if (value.declared)
        text += fmt::format("{}value %{}: {}\n", Indent(),
                            IsPlain(value.name) ? value.name : QuotedText(value.name),
                            TypeText(value.type));
    }
    for (const Node& node : graph.nodes)
      text += fmt::format("{}{}\n", Indent(), NodeText(graph, node));
    --depth_;
    return text + Indent() + "}";
  }

  std::string ConstantText(const Tensor& tensor) {
    return fmt::format("%{}: {}", IsPlain(tensor.name) ? tensor.name : QuotedText(tensor.name),
                       TensorText(tensor));
  }

  std::string TensorText(const Tensor& tensor) {
    const std::string type =
        fmt::format("{}[{}]", ShortName(tensor.dtype), fmt::join(tensor.dims, ","));
    if (tensor.external)
      return fmt::format("{} = {{... in {}}}", type, QuotedText(tensor.external->location));
    if (tensor.ElementCount().value_or(0) > options_.max_elements)
      return fmt::format("{} = {{... {} bytes}}", type, tensor.data.size());
    return fmt::format("{} = {{{}}}", type, fmt::join(Elements(tensor), ", "));
  }

  static std::vector<std::string> Elements(const Tensor& tensor) {
    std::vector<std::string> elements;
    for (const std::string& text : tensor.strings) elements.push_back(QuotedText(text));
    if (tensor.dtype == DType::kString) return elements;
    if (HasDecimalForm(tensor.dtype)) return DecimalElements(tensor);
    if (tensor.data.size() > 0) elements.push_back("hex " + QuotedText(HexOf(tensor.data.view())));
    return elements;
  }

  std::string NodeText(const Graph& graph, const Node& node) {
    const auto names = [&](const std::vector<ValueId>& ids) {
      std::vector<std::string> parts;
      for (const ValueId id : ids) parts.push_back(ValueName(graph, id));
      return fmt::format("{}", fmt::join(parts, ", "));
    };
    std::string text = node.outputs.empty() ? "_" : names(node.outputs);
    text += " = ";
    if (!node.domain.empty()) text += QuotedText(node.domain) + ".";
    text += fmt::format("{}({})", Word(node.op), names(node.inputs));
    if (!node.attributes.empty()) {
      std::vector<std::string> parts;
      for (const Attribute& attribute : node.attributes) parts.push_back(AttributeText(attribute));
      text += fmt::format(" {{{}}}", fmt::join(parts, ", "));
    }
    if (!node.name.empty()) text += " " + QuotedText(node.name);
    return text;
  }

  std::string AttributeText(const Attribute& attribute) {
    if (!attribute.reference.empty()) {
      return fmt::format("{}: @{} {}", Word(attribute.name), Word(attribute.reference),
                         TypeNumberOf(attribute));
    }
    return fmt::format(
        "{}: {}", Word(attribute.name),
        std::visit([this](const auto& value) { return Text(value); }, attribute.value));
  }

  std::string Text(std::monostate) { return "none"; }
  std::string Text(float value) { return FloatText(value); }
  std::string Text(std::int64_t value) { return std::to_string(value); }
  std::string Text(const std::string& value) { return QuotedText(value); }
  std::string Text(const Tensor& value) { return "tensor " + ConstantText(value); }
  std::string Text(const SparseTensor&) { return "sparse"; }
  std::string Text(const std::unique_ptr<Graph>& value) {
    return value == nullptr ? "none" : GraphText(*value);
  }
  std::string Text(const ValueType& value) { return "type " + TypeText(value); }
  std::string Text(const std::vector<float>& values) { return "floats" + List(values); }
  std::string Text(const std::vector<std::int64_t>& values) { return "ints" + List(values); }
  std::string Text(const std::vector<std::string>& values) { return "strings" + List(values); }
  std::string Text(const std::vector<Tensor>& values) { return "tensors" + List(values); }
  std::string Text(const std::vector<SparseTensor>& values) {
    return fmt::format("{} sparse", values.size());
  }
  std::string Text(const std::vector<std::unique_ptr<Graph>>& values) {
    return "graphs" + List(values);
  }
  std::string Text(const std::vector<ValueType>& values) { return "types" + List(values); }

  template <class T>
  std::string List(const std::vector<T>& values) {
    std::vector<std::string> parts;
    for (const T& value : values) parts.push_back(Text(value));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }

  const TextOptions options_;
  std::string text_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string PrintText(const Model& model, const TextOptions& options) {
  Printer printer(options);
  printer.PrintModel(model);
  return printer.Take();
}

}  // namespace slipway::graph
