#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "base/text.h"
#include "graph/tensor_bytes.h"
#include "graph/text.h"
#include "graph/text_lexer.h"
#include "graph/text_numbers.h"

namespace slipway::graph {

namespace {

using Kind = Token::Kind;

constexpr std::size_t kMaxNesting = 100;

/// Recursive descent, one function for each rule of the grammar; bounded in depth.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Status ParseModel(Model& model);

 private:
  using Names = std::map<std::string, ValueId, std::less<>>;

  Status Mark(std::string_view mark) {
    return lexer_.TakeIf(mark) ? Status() : lexer_.Expected(fmt::format("\"{}\"", mark));
  }
  Status TextOf(Kind kind, std::string_view what, std::string& into);
  Status String(std::string& into) { return TextOf(Kind::kString, "a quoted text", into); }
  Status WordOrString(std::string& into);
  Status Integer(std::int64_t& into);
  template <class Item>
  Status List(std::string_view open, std::string_view close, const Item& item);

  Status ModelLine(Model& model);
  Status Opset(std::vector<OpsetImport>& imports);
  Status ParseFunction(Function& function);
  Status ParseGraph(Graph& graph);
  Status GraphLine(Graph& graph, Names& names);
  Status ParseNode(Graph& graph, Names& names);
  Status ValueRef(Graph& graph, Names& names, ValueId& id);
  Status TypedValue(Graph& graph, Names& names, ValueId& id);
  Status ParseType(ValueType& type);
  Status ParseDim(Dim& dim);
  Status ParseConstant(Tensor& tensor);
  Status Element(Tensor& tensor, std::string& bytes);
  Status ParseAttribute(Attribute& attribute);
  Status AttributeValue(Attribute& attribute);
  Status NumberValue(Attribute& attribute);
  Status ListValue(Attribute& attribute);
  Status Float(float& into);

  TextLexer lexer_;
  std::size_t depth_ = 0;
};

Status Parser::TextOf(Kind kind, std::string_view what, std::string& into) {
  if (lexer_.Peek().kind != kind) return lexer_.Expected(what);
  into = lexer_.Take().text;
  return {};
}

Status Parser::WordOrString(std::string& into) {
  if (lexer_.Peek().kind == Kind::kWord) {
    into = lexer_.Take().text;
    return {};
  }
  return TextOf(Kind::kString, "a name", into);
}

Status Parser::Integer(std::int64_t& into) {
  const auto number = lexer_.Peek().kind == Kind::kNumber ? ParseInt64(lexer_.Peek().text)
                                                          : std::optional<std::int64_t>();
  if (!number) return lexer_.Expected("an integer");
  into = *number;
  lexer_.Take();
  return {};
}

template <class Item>
Status Parser::List(std::string_view open, std::string_view close, const Item& item) {
  SLIPWAY_RETURN_IF_ERROR(Mark(open));
  if (lexer_.TakeIf(close)) return {};
  do {
    SLIPWAY_RETURN_IF_ERROR(item());
  } while (lexer_.TakeIf(","));
  return Mark(close);
}

Status Parser::ParseModel(Model& model) {
  while (lexer_.Peek().kind != Kind::kEnd) SLIPWAY_RETURN_IF_ERROR(ModelLine(model));
  return {};
}

Status Parser::ModelLine(Model& model) {
  if (lexer_.TakeIf("ir_version")) return Integer(model.ir_version);
  if (lexer_.TakeIf("opset")) return Opset(model.opset_imports);
  if (lexer_.TakeIf("producer")) {
    SLIPWAY_RETURN_IF_ERROR(String(model.producer_name));
    return String(model.producer_version);
  }
  if (lexer_.TakeIf("metadata")) {
    auto& [key, value] = model.metadata.emplace_back();
    SLIPWAY_RETURN_IF_ERROR(String(key));
    return String(value);
  }
  if (lexer_.TakeIf("graph")) {
    model.main = Graph();
    return ParseGraph(model.main);
  }
  if (lexer_.TakeIf("function")) return ParseFunction(model.functions.emplace_back());
  return lexer_.Expected("ir_version, opset, producer, metadata, graph or function");
}

Status Parser::Opset(std::vector<OpsetImport>& imports) {
  OpsetImport& import = imports.emplace_back();
  SLIPWAY_RETURN_IF_ERROR(String(import.domain));
  return Integer(import.version);
}

Status Parser::ParseFunction(Function& function) {
  SLIPWAY_RETURN_IF_ERROR(String(function.domain));
  SLIPWAY_RETURN_IF_ERROR(String(function.name));
  SLIPWAY_RETURN_IF_ERROR(
      List("[", "]", [&] { return WordOrString(function.attributes.emplace_back()); }));
  while (lexer_.TakeIf("default"))
    SLIPWAY_RETURN_IF_ERROR(ParseAttribute(function.default_attributes.emplace_back()));
  while (lexer_.TakeIf("opset")) SLIPWAY_RETURN_IF_ERROR(Opset(function.opset_imports));
  SLIPWAY_RETURN_IF_ERROR(Mark("graph"));
  return ParseGraph(function.body);
}

Status Parser::ParseGraph(Graph& graph) {
  if (++depth_ > kMaxNesting) return lexer_.Expected("a graph less deep");
  Names names;
  SLIPWAY_RETURN_IF_ERROR(String(graph.name));
  const auto values = [&](std::vector<ValueId>& ids) {
    return List("(", ")", [&] { return TypedValue(graph, names, ids.emplace_back()); });
  };
  SLIPWAY_RETURN_IF_ERROR(values(graph.inputs));
  SLIPWAY_RETURN_IF_ERROR(Mark("->"));
  SLIPWAY_RETURN_IF_ERROR(values(graph.outputs));
  SLIPWAY_RETURN_IF_ERROR(Mark("{"));
  while (!lexer_.TakeIf("}")) SLIPWAY_RETURN_IF_ERROR(GraphLine(graph, names));
  --depth_;
  return {};
}

Status Parser::GraphLine(Graph& graph, Names& names) {
  if (lexer_.TakeIf("const")) {
    Tensor tensor;
    SLIPWAY_RETURN_IF_ERROR(ParseConstant(tensor));
    const auto [known, is_new] = names.try_emplace(tensor.name, kNoValue);
    if (is_new) known->second = graph.AddValue(tensor.name, TensorType(tensor.dtype, tensor.dims));
    graph.initializers.push_back(std::move(tensor));
    return {};
  }
  if (lexer_.TakeIf("value")) {
    ValueId id = kNoValue;
    SLIPWAY_RETURN_IF_ERROR(TypedValue(graph, names, id));
    if (id != kNoValue) graph.value(id).declared = true;
    return {};
  }
  return ParseNode(graph, names);
}

Status Parser::ValueRef(Graph& graph, Names& names, ValueId& id) {
  id = kNoValue;
  if (lexer_.TakeIf("_")) return {};
  std::string name;
  SLIPWAY_RETURN_IF_ERROR(TextOf(Kind::kValue, "%name or _", name));
  if (name.empty()) return lexer_.Expected("a name after %");
  const auto [known, is_new] = names.try_emplace(name, kNoValue);
  if (is_new) known->second = graph.AddValue(name);
  id = known->second;
  return {};
}

Status Parser::TypedValue(Graph& graph, Names& names, ValueId& id) {
  SLIPWAY_RETURN_IF_ERROR(ValueRef(graph, names, id));
  if (!lexer_.TakeIf(":")) return {};
  ValueType type;
  SLIPWAY_RETURN_IF_ERROR(ParseType(type));
  if (id != kNoValue) graph.value(id).type = std::move(type);
  return {};
}

Status Parser::ParseType(ValueType& type) {
  if (lexer_.TakeIf("other")) {
    std::string hex;
    SLIPWAY_RETURN_IF_ERROR(String(hex));
    SLIPWAY_TRY(type.opaque, BytesOfHex(hex));
    type.kind = ValueType::Kind::kOther;
    return {};
  }
  type.kind = lexer_.TakeIf("sparse") ? ValueType::Kind::kSparseTensor : ValueType::Kind::kTensor;
  const auto dtype = DTypeFromShortName(lexer_.Peek().text);
  const bool is_undefined = lexer_.Peek().text == ShortName(DType::kUndefined);
  if (lexer_.Peek().kind != Kind::kWord || (!dtype && !is_undefined))
    return lexer_.Expected("an element type such as f32");
  type.dtype = dtype.value_or(DType::kUndefined);
  lexer_.Take();
  if (lexer_.Peek().text != "[") return {};
  type.shape.emplace();
  return List("[", "]", [&] { return ParseDim(type.shape->emplace_back()); });
}

Status Parser::ParseDim(Dim& dim) {
  if (lexer_.TakeIf("?")) return {};
  if (lexer_.Peek().kind == Kind::kNumber) return Integer(dim.size.emplace());
  return WordOrString(dim.symbol);
}

Status Parser::ParseConstant(Tensor& tensor) {
  SLIPWAY_RETURN_IF_ERROR(TextOf(Kind::kValue, "%name", tensor.name));
  SLIPWAY_RETURN_IF_ERROR(Mark(":"));
  const auto dtype = DTypeFromShortName(lexer_.Peek().text);
  if (!dtype) return lexer_.Expected("an element type such as f32");
  tensor.dtype = *dtype;
  lexer_.Take();
  SLIPWAY_RETURN_IF_ERROR(List("[", "]", [&] { return Integer(tensor.dims.emplace_back()); }));
  SLIPWAY_RETURN_IF_ERROR(Mark("="));
  std::string bytes;
  SLIPWAY_RETURN_IF_ERROR(List("{", "}", [&] { return Element(tensor, bytes); }));
  const auto count = tensor.ElementCount();
  const bool fits = tensor.dtype == DType::kString
                        ? count == tensor.strings.size()
                        : PackedSize(tensor.dtype, tensor.dims) == bytes.size();
  if (!fits) return lexer_.Expected("as many elements as the dimensions say before this");
  tensor.data = Bytes(std::move(bytes));
  return {};
}

Status Parser::Element(Tensor& tensor, std::string& bytes) {
  if (tensor.dtype == DType::kString) return String(tensor.strings.emplace_back());
  if (lexer_.TakeIf("hex")) {
    std::string hex;
    SLIPWAY_RETURN_IF_ERROR(String(hex));
    SLIPWAY_TRY(const std::string part, BytesOfHex(hex));
    bytes += part;
    return {};
  }
  const Kind kind = lexer_.Peek().kind;
  const bool may_be_number = kind == Kind::kNumber || kind == Kind::kWord;  // inf and nan are words
  if (!may_be_number || !AppendElement(tensor.dtype, lexer_.Peek().text, bytes).ok())
    return lexer_.Expected("an element; constants that were left out cannot be read");
  lexer_.Take();
  return {};
}

Status Parser::ParseNode(Graph& graph, Names& names) {
  Node node;
  do {
    ValueId id = kNoValue;
    SLIPWAY_RETURN_IF_ERROR(ValueRef(graph, names, id));
    node.outputs.push_back(id);
  } while (lexer_.TakeIf(","));
  if (node.outputs == std::vector{kNoValue}) node.outputs.clear();
  SLIPWAY_RETURN_IF_ERROR(Mark("="));
  SLIPWAY_RETURN_IF_ERROR(WordOrString(node.op));
  if (lexer_.TakeIf(".")) {
    node.domain = std::move(node.op);
    SLIPWAY_RETURN_IF_ERROR(WordOrString(node.op));
  }
  SLIPWAY_RETURN_IF_ERROR(
      List("(", ")", [&] { return ValueRef(graph, names, node.inputs.emplace_back()); }));
  if (lexer_.Peek().kind == Kind::kMark && lexer_.Peek().text == "{") {
    SLIPWAY_RETURN_IF_ERROR(
        List("{", "}", [&] { return ParseAttribute(node.attributes.emplace_back()); }));
  }
  if (lexer_.Peek().kind == Kind::kString) node.name = lexer_.Take().text;
  graph.AddNode(std::move(node));
  return {};
}

Status Parser::ParseAttribute(Attribute& attribute) {
  SLIPWAY_RETURN_IF_ERROR(WordOrString(attribute.name));
  SLIPWAY_RETURN_IF_ERROR(Mark(":"));
  if (!lexer_.TakeIf("@")) return AttributeValue(attribute);
  std::int64_t type = 0;
  SLIPWAY_RETURN_IF_ERROR(WordOrString(attribute.reference));
  SLIPWAY_RETURN_IF_ERROR(Integer(type));
  if (type < 0 || type > std::numeric_limits<std::int32_t>::max())
    return lexer_.Expected("an attribute type's number before this");
  attribute.declared_type = static_cast<std::int32_t>(type);
  return {};
}

Status Parser::AttributeValue(Attribute& attribute) {
  if (lexer_.Peek().kind == Kind::kNumber) return NumberValue(attribute);
  if (lexer_.Peek().kind == Kind::kString) {
    attribute.value = lexer_.Take().text;
    return {};
  }
  if (lexer_.TakeIf("none")) return {};
  if (lexer_.TakeIf("tensor")) return ParseConstant(attribute.value.emplace<Tensor>());
  if (lexer_.TakeIf("type")) return ParseType(attribute.value.emplace<ValueType>());
  if (lexer_.TakeIf("graph")) {
    auto& body = attribute.value.emplace<std::unique_ptr<Graph>>(std::make_unique<Graph>());
    return ParseGraph(*body);
  }
  const std::string word = lexer_.Peek().kind == Kind::kWord ? lexer_.Peek().text : "";
  if (word == "inff" || word == "nanf") return NumberValue(attribute);
  return ListValue(attribute);
}

Status Parser::NumberValue(Attribute& attribute) {
  if (lexer_.Peek().text.ends_with('f')) return Float(attribute.value.emplace<float>());
  return Integer(attribute.value.emplace<std::int64_t>());
}

Status Parser::Float(float& into) {
  std::string text = lexer_.Peek().text;
  std::string bytes;
  if (text.ends_with('f') && text != "inf") text.pop_back();
  if (!AppendElement(DType::kF32, text, bytes).ok()) return lexer_.Expected("a float such as 0.5f");
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&into));
  lexer_.Take();
  return {};
}

Status Parser::ListValue(Attribute& attribute) {
  const auto list = [&]<class T>(std::vector<T>& values, const auto& item) {
    return List("[", "]", [&]() -> Status { return item(values.emplace_back()); });
  };
  if (lexer_.TakeIf("floats"))
    return list(attribute.value.emplace<std::vector<float>>(),
                [&](float& value) { return Float(value); });
  if (lexer_.TakeIf("ints"))
    return list(attribute.value.emplace<std::vector<std::int64_t>>(),
                [&](std::int64_t& value) { return Integer(value); });
  if (lexer_.TakeIf("strings"))
    return list(attribute.value.emplace<std::vector<std::string>>(),
                [&](std::string& value) { return String(value); });
  if (lexer_.TakeIf("tensors"))
    return list(attribute.value.emplace<std::vector<Tensor>>(), [&](Tensor& value) -> Status {
      SLIPWAY_RETURN_IF_ERROR(Mark("tensor"));
      return ParseConstant(value);
    });
  if (lexer_.TakeIf("types"))
    return list(attribute.value.emplace<std::vector<ValueType>>(), [&](ValueType& value) -> Status {
      SLIPWAY_RETURN_IF_ERROR(Mark("type"));
      return ParseType(value);
    });
  if (lexer_.TakeIf("graphs"))
    return list(attribute.value.emplace<std::vector<std::unique_ptr<Graph>>>(),
                [&](std::unique_ptr<Graph>& value) -> Status {
                  SLIPWAY_RETURN_IF_ERROR(Mark("graph"));
                  value = std::make_unique<Graph>();
                  return ParseGraph(*value);
                });
  return lexer_.Expected("an attribute's value");
}

}  // namespace

Result<Model> ParseText(std::string_view text) {
  Model model;
  SLIPWAY_RETURN_IF_ERROR(Parser(text).ParseModel(model));
  return model;
}

}  // namespace slipway::graph
