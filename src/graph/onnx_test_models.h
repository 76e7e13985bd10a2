#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wire_writer.h"
#include "graph/build.h"
#include "graph/onnx_file.h"

namespace slipway::graph {

/// Models and serialised messages that the tests of ONNX files start from.

inline Result<Model> Decode(std::string_view bytes) {
  return DecodeModel(std::as_bytes(std::span(bytes)));
}

inline Tensor Packed(std::string name, DType dtype, std::vector<std::int64_t> dims,
                     std::string bytes) {
  return {.name = std::move(name),
          .dtype = dtype,
          .dims = std::move(dims),
          .data = Bytes(std::move(bytes))};
}

inline std::string TextOf(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.view().data()), bytes.size()};
}

/// y = x + w.
inline Model Sum(std::int64_t elements = 2) {
  Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  Graph& graph = model.main;
  graph.name = "sum";
  const ValueType type = TensorType(DType::kF32, std::vector<std::int64_t>{elements});
  const ValueId x = graph.AddValue("x", type);
  const std::vector<float> ones(static_cast<std::size_t>(elements), 1.0F);
  const ValueId w = graph.AddInitializer(Tensor::FromFloats("w", {elements}, ones));
  const ValueId y = graph.AddValue("y", type);
  graph.inputs = {x};
  graph.outputs = {y};
  graph.AddNode(MakeNode("Add", {x, w}, {y}));
  return model;
}

/// One of everything that a file can say.
inline Model Everything() {
  Model model = Sum();
  model.producer_name = "a tool";
  model.producer_version = "1.2";
  model.domain = "org.example";
  model.model_version = 7;
  model.doc = "about";
  model.metadata = {{"author", "me"}, {"author", "twice"}};
  model.opset_imports.push_back({"my.ops", 3});
  Graph& graph = model.main;
  graph.doc = "graph";
  graph.metadata = {{"k", "v"}};
  graph.value(ValueId(0)).type.shape = std::vector<Dim>{{.symbol = "N", .denotation = "BATCH"}};
  graph.value(ValueId(0)).doc = "the input";
  graph.initializers[0].doc = "the weights";
  graph.initializers[0].metadata = {{"scale", "1"}};
  graph.initializers.push_back({.name = "words", .dtype = DType::kString, .dims = {2}});
  graph.initializers.back().strings = {"a", std::string("\0b", 2)};
  graph.AddValue("words");
  graph.sparse_initializers.push_back(
      {.values = Packed("sparse", DType::kU8, {1}, "\x05"),
       .indices = Tensor::FromInt64s("", {1}, std::vector<std::int64_t>{3}),
       .dims = {2, 4}});
  graph.AddValue("sparse");
  const ValueId hidden = graph.AddValue(
      "hidden",
      {.kind = ValueType::Kind::kSparseTensor, .dtype = DType::kF64, .denotation = "IMAGE"});
  graph.value(hidden).declared = true;
  Graph body{.name = "body"};
  body.outputs = {body.AddValue("inner")};
  body.AddNode(MakeNode("Identity", {body.AddValue("x")}, {body.outputs[0]}));
  Node node = MakeNode(
      "Odd", {ValueId(0), kNoValue}, {hidden}, FloatAttribute("f", 0.5F), IntAttribute("i", -1),
      StringAttribute("s", ""), TensorAttribute("t", Packed("", DType::kI4, {3}, "\x21\x03")),
      GraphAttribute("g", std::move(body)), FloatsAttribute("fs", {}), IntsAttribute("is", {1, -2}),
      StringsAttribute("ss", {"", "b"}), MakeAttribute("tp", TensorType(DType::kF16, {})));
  node.attributes.push_back({.name = "ref", .reference = "outer", .declared_type = 2});
  node.attributes.back().doc = "doc";
  node.domain = "my.ops";
  node.name = "odd one";
  node.overload = "v2";
  node.metadata = {{"source", "line 3"}};
  graph.AddNode(std::move(node));
  Function function{.name = "F", .domain = "my.ops", .doc = "fun", .attributes = {"alpha"}};
  function.opset_imports = {{"", 17}};
  function.default_attributes.push_back(IntAttribute("beta", 2));
  const ValueId in = function.body.AddValue("in");
  const ValueId out = function.body.AddValue("out", TensorType(DType::kF32, {}));
  function.body.inputs = {in};
  function.body.outputs = {out};
  function.body.value(out).declared = true;
  function.body.AddNode(MakeNode("Relu", {in}, {out}));
  function.metadata = {{"x", "y"}};
  model.functions.push_back(std::move(function));
  return model;
}

/// A model with one constant whose fields the test writes.
inline std::string ModelWithTensor(WireWriter tensor) {
  WireWriter graph;
  graph.Message(5, tensor);
  WireWriter model;
  model.Varint(1, 8);
  model.Message(7, graph);
  return model.Joined();
}

inline WireWriter TensorOf(DType dtype, std::vector<std::int64_t> dims) {
  WireWriter tensor;
  for (const std::int64_t dim : dims) tensor.Signed(1, dim);
  tensor.Varint(2, static_cast<std::uint64_t>(dtype));
  tensor.Text(8, "c");
  return tensor;
}

}  // namespace slipway::graph
