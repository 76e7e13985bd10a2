#include "graph/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error_catalogue.h"
#include "graph/build.h"

namespace slipway::graph {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// x -> Relu -> h -> Sigmoid -> y.
Model Chain() {
  Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  Graph& graph = model.main;
  graph.name = "chain";
  const ValueId x = graph.AddValue("x");
  const ValueId h = graph.AddValue("h");
  const ValueId y = graph.AddValue("y");
  graph.inputs = {x};
  graph.outputs = {y};
  graph.AddNode(MakeNode("Relu", {x}, {h}));
  graph.AddNode(MakeNode("Sigmoid", {h}, {y}));
  graph.nodes[0].name = "first";
  return model;
}

struct Fault {
  const char* what;
  std::function<void(Model&)> make;
  const char* place;
  const char* message;
};

Graph CapturingBody(std::string captured) {
  Graph body{.name = "body"};
  const ValueId in = body.AddValue(std::move(captured));
  const ValueId out = body.AddValue("inner");
  body.outputs = {out};
  body.AddNode(MakeNode("Identity", {in}, {out}));
  return body;
}

Function Calling(std::string name, std::string callee) {
  Function function{.name = std::move(name), .domain = "f", .opset_imports = {{"f", 1}}};
  const ValueId in = function.body.AddValue("in");
  const ValueId out = function.body.AddValue("out");
  function.body.inputs = {in};
  function.body.outputs = {out};
  Node call = MakeNode(std::move(callee), {in}, {out});
  call.domain = "f";
  function.body.AddNode(std::move(call));
  return function;
}

const Fault kFaults[] = {
    {"use before definition", [](Model& m) { std::swap(m.main.nodes[0], m.main.nodes[1]); },
     "main, node 0 \"\" (Sigmoid)", "\"h\" is produced by nothing before it"},
    {"a cycle", [](Model& m) { m.main.nodes[0].inputs = {ValueId(2)}; },
     "main, node 0 \"first\" (Relu)", "in a cycle"},
    {"an output nobody makes", [](Model& m) { m.main.outputs = {m.main.AddValue("z")}; }, "main",
     "output \"z\" is produced by nothing"},
    {"a name defined twice", [](Model& m) { m.main.nodes[1].outputs = {ValueId(1)}; },
     "main, node 1", "\"h\" is defined before"},
    {"two values of one name", [](Model& m) { m.main.AddValue("x"); }, "main",
     "two values are named \"x\""},
    {"an input listed twice", [](Model& m) { m.main.inputs.push_back(ValueId(0)); }, "main",
     "listed twice"},
    {"an id of no value", [](Model& m) { m.main.nodes[0].inputs = {ValueId(77)}; }, "main",
     "does not exist"},
    {"a domain nobody imports", [](Model& m) { m.main.nodes[0].domain = "odd"; },
     "main, node 0 \"first\" (Relu)", "operator set \"odd\" is not imported"},
    {"no opset", [](Model& m) { m.opset_imports.clear(); }, "model", "no operator set"},
    {"two opsets of one domain", [](Model& m) { m.opset_imports.push_back({"ai.onnx", 12}); },
     "model", "imported twice"},
    {"bytes that do not fit",
     [](Model& m) {
       m.main.AddInitializer(
           {.name = "w", .dtype = DType::kF32, .dims = {2}, .data = Bytes("abc")});
     },
     "main", "constant \"w\" has 3 bytes, its dimensions need 8"},
    {"two constants of one name",
     [](Model& m) {
       m.main.AddInitializer({.name = "w", .dtype = DType::kU8, .dims = {0}});
       m.main.initializers.push_back({.name = "w", .dtype = DType::kU8, .dims = {0}});
     },
     "main", "two constants are named \"w\""},
    {"sparse indices that do not fit",
     [](Model& m) {
       m.main.sparse_initializers.push_back(
           {.values = {.name = "s", .dtype = DType::kU8, .dims = {1}, .data = Bytes("a")},
            .indices = Tensor::FromInt64s("", {2}, std::vector<std::int64_t>{0, 1}),
            .dims = {4}});
       m.main.AddValue("s");
     },
     "main", "indices that do not fit"},
    {"two attributes of one name",
     [](Model& m) {
       m.main.nodes[0].attributes.push_back(IntAttribute("a", 1));
       m.main.nodes[0].attributes.push_back(IntAttribute("a", 2));
     },
     "main, node 0", "two attributes are named \"a\""},
    {"a capture of nothing",
     [](Model& m) {
       m.main.nodes[1].attributes.push_back(GraphAttribute("body", CapturingBody("nowhere")));
     },
     "main, node 1 \"\" (Sigmoid), body, node 0", "\"nowhere\" is produced by nothing"},
    {"a function's attribute outside of one",
     [](Model& m) {
       m.main.nodes[0].attributes.push_back({.name = "a", .reference = "b", .declared_type = 2});
     },
     "main, node 0", "refers to a function's"},
    {"functions that call each other",
     [](Model& m) {
       m.functions.push_back(Calling("A", "B"));
       m.functions.push_back(Calling("B", "A"));
     },
     "function \"A\"", "calls itself"},
};

// Bad input O7: cycles, use before definition and duplicate names are refused
TEST(Verify, SaysWhatIsWrongAndWhere) {
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.what);
    Model model = Chain();
    fault.make(model);
    const std::vector<Finding> findings = Verify(model);
    ASSERT_FALSE(findings.empty());
    EXPECT_THAT(findings[0].place, HasSubstr(fault.place));
    EXPECT_THAT(findings[0].message, HasSubstr(fault.message));
    EXPECT_EQ(ToStatus(findings).number(), errors::kInvalidGraph);
  }
}

TEST(Verify, FindsNothingInASoundModel) {
  Model model = Chain();
  EXPECT_THAT(Verify(model), IsEmpty());
  EXPECT_TRUE(ToStatus({}).ok());
  model.main.nodes[1].attributes.push_back(GraphAttribute("body", CapturingBody("h")));
  model.functions.push_back(Calling("A", "B"));
  EXPECT_THAT(Verify(model), IsEmpty());
}

// Bad input O9: strides and groups of 0, negative pads and axes of INT_MIN are refused
TEST(Verify, NumbersThatEnginesDivideByAreBounded) {
  const std::pair<const char*, std::vector<std::int64_t>> kForbidden[] = {
      {"strides", {1, 0}},
      {"dilations", {0}},
      {"kernel_shape", {3, -1}},
      {"pads", {0, -1}},
      {"axes", {std::numeric_limits<std::int64_t>::min()}},
      {"perm", {-1}}};
  for (const auto& [name, numbers] : kForbidden) {
    Model model = Chain();
    model.main.nodes[0].attributes.push_back(IntsAttribute(name, numbers));
    const std::vector<Finding> findings = Verify(model);
    ASSERT_EQ(findings.size(), 1U) << name;
    EXPECT_THAT(findings[0].message, HasSubstr(name));
  }
  for (const auto& [name, number] : {std::pair<const char*, std::int64_t>{"group", 0},
                                     {"axis", std::numeric_limits<std::int32_t>::min()}}) {
    Model model = Chain();
    model.main.nodes[0].attributes.push_back(IntAttribute(name, number));
    EXPECT_EQ(Verify(model).size(), 1U) << name;
  }
  Model pad = Chain();  // a Pad of an old opset may cut
  pad.main.nodes[0].op = "Pad";
  pad.main.nodes[0].attributes.push_back(IntsAttribute("pads", {0, -1}));
  EXPECT_THAT(Verify(pad), IsEmpty());
}

TEST(Verify, StopsAfterEnoughFindings) {
  Model model = Chain();
  for (int i = 0; i < 50; ++i) {
    Node node = MakeNode("Odd", {}, {});
    node.domain = "nobody";
    model.main.AddNode(std::move(node));
  }
  EXPECT_EQ(Verify(model, 10).size(), 10U);
  EXPECT_THAT(ToStatus(Verify(model)).message(), HasSubstr("45 more"));
}

TEST(Verify, DeepNestingIsBounded) {
  Graph inner = CapturingBody("x");
  for (int depth = 0; depth < 120; ++depth) {
    Graph outer{.name = "outer"};
    outer.AddNode(MakeNode("Wrap", {}, {}, GraphAttribute("body", std::move(inner))));
    inner = std::move(outer);
  }
  Model model = Chain();
  model.main.nodes[0].attributes.push_back(GraphAttribute("body", std::move(inner)));
  const std::vector<Finding> findings = Verify(model);
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings[0].message, HasSubstr("nest deeper"));
}

}  // namespace
}  // namespace slipway::graph
