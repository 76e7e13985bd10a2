#include "graph/onnx/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/build.h"

namespace slipway::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// y = Softmax(Conv(x, w)).
Model Network(std::int64_t opset = 17) {
  Model model{.ir_version = 8, .opset_imports = {{"", opset}}};
  Graph& graph = model.main;
  graph.name = "network";
  const std::vector<std::int64_t> image{-1, 3, 8, 8};
  const ValueId x = graph.AddValue("x", TensorType(DType::kF32, image));
  const std::vector<float> numbers(4 * 3 * 3 * 3, 0.5F);
  const ValueId w = graph.AddInitializer(Tensor::FromFloats("w", {4, 3, 3, 3}, numbers));
  const ValueId h = graph.AddValue("h");
  const ValueId y = graph.AddValue("y", {.kind = ValueType::Kind::kTensor, .dtype = DType::kF32});
  graph.inputs = {x};
  graph.outputs = {y};
  graph.AddNode(MakeNode("Conv", {x, w}, {h}, IntsAttribute("kernel_shape", {3, 3})));
  graph.AddNode(MakeNode("Softmax", {h}, {y}, IntAttribute("axis", 1)));
  return model;
}

Finding OnlyFinding(const Model& model) {
  const std::vector<Finding> findings = CheckModel(model);
  EXPECT_EQ(findings.size(), 1U);
  return findings.empty() ? Finding{} : findings[0];
}

TEST(CheckModel, FindsNothingInASoundModel) { EXPECT_THAT(CheckModel(Network()), IsEmpty()); }

// Bad input O9: attributes of a wrong type, unknown or missing ones are refused
TEST(CheckModel, AttributesFitTheirOperator) {
  Model unknown = Network();
  unknown.main.nodes[1].attributes.push_back(IntAttribute("colour", 1));
  EXPECT_THAT(OnlyFinding(unknown).place, HasSubstr("node 1"));
  EXPECT_THAT(OnlyFinding(unknown).message, HasSubstr("colour"));
  Model wrong_type = Network();
  wrong_type.main.nodes[1].attributes[0] = FloatAttribute("axis", 1);
  EXPECT_THAT(OnlyFinding(wrong_type).message, HasSubstr("axis"));
  Model missing = Network();
  missing.main.nodes[1].op = "Cast";
  missing.main.nodes[1].attributes.clear();
  EXPECT_THAT(OnlyFinding(missing).message, HasSubstr("to"));
  Model inputs = Network();
  inputs.main.nodes[0].inputs.pop_back();
  EXPECT_THAT(OnlyFinding(inputs).place, HasSubstr("(Conv)"));
}

// Bad input O8: unknown operators and versions are refused with what is known
TEST(CheckModel, UnknownOperatorsAndVersionsAreNamed) {
  Model misspelled = Network();
  misspelled.main.nodes[1].op = "SoftMax";
  EXPECT_THAT(OnlyFinding(misspelled).message, HasSubstr("did you mean Softmax?"));
  EXPECT_THAT(OnlyFinding(Network(999)).message, HasSubstr("versions to"));
  Model from_the_future = Network();
  from_the_future.ir_version = 999;
  EXPECT_THAT(OnlyFinding(from_the_future).message, HasSubstr("format version 999"));
  Model too_early = Network(7);
  too_early.main.nodes[1].op = "Mish";
  EXPECT_THAT(OnlyFinding(too_early).message, HasSubstr("no operator Mish"));
}

TEST(CheckModel, FindsEverythingAtOnce) {
  Model model = Network();
  model.main.nodes[0].op = "Convolve";
  model.main.nodes[1].op = "Softest";
  EXPECT_EQ(CheckModel(model).size(), 2U);
}

TEST(CheckModel, OperatorsOfOtherDomainsPass) {
  Model model = Network();
  model.opset_imports.push_back({"com.example", 1});
  model.main.nodes[1].domain = "com.example";
  EXPECT_THAT(CheckModel(model), IsEmpty());
}

TEST(InferTypes, FillsWhatIsUnknown) {
  Model model = Network();
  ASSERT_TRUE(InferTypes(model).ok());
  const ValueType& hidden = model.main.value(*model.main.FindValue("h")).type;
  ASSERT_TRUE(hidden.shape);
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : *hidden.shape) sizes.push_back(dim.size.value_or(-1));
  EXPECT_THAT(sizes, ElementsAre(-1, 4, 6, 6));
  EXPECT_EQ(model.main.value(model.main.outputs[0]).type.shape->size(), 4U);
}

TEST(InferTypes, LeavesWhatIsDeclared) {
  Model model = Network();
  const ValueType declared = TensorType(DType::kI64, std::vector<std::int64_t>{1});
  model.main.value(model.main.outputs[0]).type = declared;
  ASSERT_TRUE(InferTypes(model).ok());
  EXPECT_EQ(model.main.value(model.main.outputs[0]).type, declared);
}

TEST(ConvertOpset, RewritesWhatChangedAndKeepsTheRest) {
  Model model = Network(10);
  Graph& graph = model.main;
  model.metadata = {{"author", "me"}};
  graph.nodes[1] = MakeNode("Clip", graph.nodes[1].inputs, graph.nodes[1].outputs,
                            FloatAttribute("min", 0), FloatAttribute("max", 1));
  const Result<Model> converted = ConvertOpset(model, 17);
  ASSERT_TRUE(converted.ok()) << converted.status().ToString();
  EXPECT_EQ(converted->Opset(), 17);
  EXPECT_EQ(converted->metadata, model.metadata);
  const Node& clip = converted->main.nodes.back();
  EXPECT_EQ(clip.op, "Clip");
  EXPECT_EQ(clip.inputs.size(), 3U);  // its bounds became inputs in version 11
  EXPECT_THAT(CheckModel(*converted), IsEmpty());
  EXPECT_EQ(converted->main.FindInitializer("w")->data.size(), 432U);
}

TEST(ConvertOpset, SaysWhatItCannotDo) {
  EXPECT_EQ(ConvertOpset(Network(), 999).status().code(), Code::kUnimplemented);
  EXPECT_EQ(ConvertOpset(Network(), 0).status().code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace slipway::graph
