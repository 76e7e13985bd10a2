#include "graph/graph.h"

#include <gtest/gtest.h>

#include "graph/build.h"

namespace slipway::graph {
namespace {

TEST(Graph, FindsWhatWasAdded) {
  Graph graph;
  const ValueId x = graph.AddValue("x", TensorType(DType::kF32, std::vector<std::int64_t>{-1, 2}));
  const std::vector<float> numbers{1, 2};
  const ValueId w = graph.AddInitializer(Tensor::FromFloats("w", {2}, numbers));
  const ValueId y = graph.AddValue("y");
  const NodeId add = graph.AddNode(MakeNode("Add", {x, w}, {y}));
  EXPECT_EQ(graph.FindValue("w"), w);
  EXPECT_EQ(graph.FindValue("none"), std::nullopt);
  EXPECT_EQ(graph.NameOf(kNoValue), "");
  EXPECT_EQ(graph.node(add).outputs, std::vector{y});
  ASSERT_NE(graph.FindInitializer("w"), nullptr);
  EXPECT_EQ(graph.FindInitializer("w")->data.size(), 8U);
  EXPECT_FALSE(graph.value(x).type.shape->at(0).size);
}

TEST(Node, GivesAttributesOfTheRightTypeAndDefaultsOtherwise) {
  const Node node = MakeNode("Op", {}, {}, IntAttribute("axis", 3), FloatAttribute("alpha", 0.5F),
                             StringAttribute("mode", "linear"), IntsAttribute("pads", {1, 2}));
  EXPECT_EQ(node.IntOr("axis", -1), 3);
  EXPECT_EQ(node.IntOr("alpha", -1), -1);
  EXPECT_EQ(node.FloatOr("alpha", 0), 0.5F);
  EXPECT_EQ(node.StringOr("mode", ""), "linear");
  EXPECT_EQ(node.IntsOr("pads", {}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(node.IntsOr("none", {7}), (std::vector<std::int64_t>{7}));
}

TEST(Graph, ACloneSharesTensorBytesAndNoStructure) {
  Graph body{.name = "body"};
  Graph graph{.name = "outer"};
  const std::vector<float> numbers{1};
  graph.AddInitializer(Tensor::FromFloats("w", {1}, numbers));
  graph.AddNode(MakeNode("Loop", {}, {}, GraphAttribute("body", std::move(body))));
  const Graph copy = graph.Clone();
  std::get<std::unique_ptr<Graph>>(graph.nodes[0].attributes[0].value)->name = "changed";
  EXPECT_EQ(std::get<std::unique_ptr<Graph>>(copy.nodes[0].attributes[0].value)->name, "body");
  EXPECT_EQ(copy.initializers[0].data.view().data(), graph.initializers[0].data.view().data());
}

TEST(Tensor, CountsElementsOrSaysThatItCannot) {
  EXPECT_EQ((Tensor{.dims = {2, 3}}.ElementCount()), 6U);
  EXPECT_EQ((Tensor{}.ElementCount()), 1U);
  EXPECT_EQ((Tensor{.dims = {2, -1}}.ElementCount()), std::nullopt);
  EXPECT_EQ((Tensor{.dims = {1LL << 40, 1LL << 40}}.ElementCount()), std::nullopt);
}

}  // namespace
}  // namespace slipway::graph
