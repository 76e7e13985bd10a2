#include "jobs/make_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "graph/build.h"
#include "graph/onnx_file.h"
#include "jobs/ensemble_executable.h"

namespace slipway::jobs {
namespace {

using ::testing::HasSubstr;

/// A classifier: scores = x * factor, through a softmax or not.
struct Classifier {
  std::int64_t classes = 3;
  float factor = 1;
  bool ends_in_softmax = true;
  std::string input = "x";
};

graph::Model GraphOf(const Classifier& classifier) {
  const std::array<std::int64_t, 2> dims = {-1, classifier.classes};
  graph::Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  graph::Graph& graph = model.main;
  graph.name = "classifier";
  const auto x = graph.AddValue(classifier.input, graph::TensorType(DType::kF32, dims));
  const auto factor =
      graph.AddInitializer(graph::Tensor::FromFloats("factor", {1}, {{classifier.factor}}));
  const auto scores = graph.AddValue("scores_before");
  const auto y = graph.AddValue("y", graph::TensorType(DType::kF32, dims));
  graph.AddNode(graph::MakeNode("Mul", {x, factor}, {scores}));
  graph.AddNode(classifier.ends_in_softmax
                    ? graph::MakeNode("Softmax", {scores}, {y}, graph::IntAttribute("axis", 1))
                    : graph::MakeNode("Identity", {scores}, {y}));
  graph.inputs = {x};
  graph.outputs = {y};
  return model;
}

class MakeEnsembleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = engine::OpenOnnxRuntime({}).value();
    store_.emplace(TemporaryDirectory::Create("ensemble-test-").value());
    registry_ = registry::Registry::Open(store_->path()).value();
  }

  void Publish(const std::string& name, const Classifier& classifier,
               std::vector<std::string> labels = {}) {
    const std::string graph = graph::EncodeModel(GraphOf(classifier)).value();
    package::Manifest manifest;
    manifest.name = name;
    manifest.graph = registry_->blobs().Add(std::as_bytes(std::span(graph))).value();
    manifest.signature.inputs = {{.name = classifier.input, .shape = {-1, classifier.classes}}};
    manifest.signature.outputs = {{.name = "y", .shape = {-1, classifier.classes}}};
    if (!labels.empty()) manifest.labels["y"] = std::move(labels);
    ASSERT_TRUE(registry_->Publish(name, manifest).ok());
  }

  Result<std::vector<EnsembleMember>> Open(const std::vector<std::string>& names) {
    return OpenMembers(*registry_, *engine_, names);
  }
  std::string Refusal(const std::vector<std::string>& names) {
    return Open(names).status().message();
  }

  Combination Filled(CombinationKind kind, std::size_t members) {
    return {.kind = kind,
            .members = members,
            .classes = 3,
            .weights = std::vector<double>(members, 0.4),
            .biases = {0.1, 0.2, 0.3}};
  }

  std::unique_ptr<engine::Engine> engine_;
  std::optional<TemporaryDirectory> store_;
  std::unique_ptr<registry::Registry> registry_;
};

TEST_F(MakeEnsembleTest, EveryCombinationRunsOnTheEngineAsInPlainCode) {
  Publish("a", {.factor = 1});
  Publish("b", {.factor = -2, .ends_in_softmax = false, .input = "other"});
  const auto members = Open({"a", "b"});
  ASSERT_TRUE(members.ok()) << members.status().ToString();
  const std::array<float, 6> numbers = {1, 2, 3, -1, 0, 0.5F};
  const TensorView input{DType::kF32, {2, 3}, std::as_bytes(std::span(numbers))};
  std::vector<std::vector<float>> given;
  for (const EnsembleMember& member : *members)
    given.push_back(ProbabilitiesOf(member, members->front(), {&input, 1}).value());
  for (const CombinationKind kind : {CombinationKind::kVote, CombinationKind::kMean,
                                     CombinationKind::kWeighted, CombinationKind::kStack}) {
    const Combination combination = Filled(kind, 2);
    const auto version = PublishEnsemble(*registry_, *engine_, *members, combination, "both");
    ASSERT_TRUE(version.ok()) << version.status().ToString();
    const package::Package package = registry_->Open(*version).value();
    const auto ensemble =
        CompileEnsemble(*registry_, *engine_, package.manifest, package.graph_path, {});
    ASSERT_TRUE(ensemble.ok()) << ensemble.status().ToString();
    const std::vector<TensorBuffer> outputs = (*ensemble)->RunAll({&input, 1}).value();
    for (std::size_t row = 0; row < 2; ++row) {
      std::vector<float> probabilities;
      for (const std::vector<float>& of_member : given)
        probabilities.insert(probabilities.end(), &of_member[row * 3], &of_member[row * 3] + 3);
      const std::vector<double> wanted = Combine(combination, probabilities);
      for (std::size_t c = 0; c < 3; ++c)
        EXPECT_NEAR(outputs[0].view().As<float>()[row * 3 + c], wanted[c], 1e-5) << NameOf(kind);
    }
  }
}

TEST_F(MakeEnsembleTest, TheEnsembleKeepsVersionsAndClassNames) {
  Publish("a", {}, {"cat", "dog", "cow"});
  Publish("a", {.factor = 2}, {"cat", "dog", "cow"});
  Publish("b", {.factor = 3});
  const auto members = Open({"a:1", "a", "b"});
  ASSERT_TRUE(members.ok()) << members.status().ToString();
  const auto version =
      PublishEnsemble(*registry_, *engine_, *members, Filled(CombinationKind::kMean, 3), "three");
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  const package::Manifest manifest = registry_->Open(*version).value().manifest;
  ASSERT_EQ(manifest.ensemble->steps.size(), 4U);
  EXPECT_EQ(manifest.ensemble->steps[0].version, 1);
  EXPECT_EQ(manifest.ensemble->steps[1].version, 2);
  EXPECT_EQ(manifest.ensemble->steps[3].model, "");
  EXPECT_EQ(manifest.labels.at("scores"), (std::vector<std::string>{"cat", "dog", "cow"}));
  EXPECT_EQ(manifest.lineage.source_name, "a:1, a:2, b:1");
}

TEST_F(MakeEnsembleTest, MembersThatDoNotGoTogetherAreRefused) {
  Publish("a", {});
  Publish("b", {.factor = 2});
  Publish("four", {.classes = 4});
  EXPECT_EQ(Refusal({"a"}), "an ensemble has 2 to 63 members, not 1");
  EXPECT_EQ(Refusal({"a", "a:1"}), "model a:1 stands twice");
  EXPECT_EQ(Refusal({"a", "b", "four"}), "model a:1 has 3 classes, model four:1 has 4");
  EXPECT_EQ(Open({"a", "c"}).status().number(), errors::kModelNotFound);
}

TEST_F(MakeEnsembleTest, MembersWithOtherInputsAreRefused) {
  Publish("a", {});
  const std::string graph = graph::EncodeModel(GraphOf({})).value();
  package::Manifest manifest;
  manifest.name = "wide";
  manifest.graph = registry_->blobs().Add(std::as_bytes(std::span(graph))).value();
  manifest.signature.inputs = {{.name = "x", .shape = {-1, 5}}};
  manifest.signature.outputs = {{.name = "y", .shape = {-1, 3}}};
  ASSERT_TRUE(registry_->Publish("wide", manifest).ok());
  EXPECT_EQ(Refusal({"a", "wide"}), "model a:1 takes x f32[N,3], model wide:1 takes x f32[N,5]");
}

TEST_F(MakeEnsembleTest, ClassesWithOtherNamesAreRefused) {
  Publish("a", {}, {"cat", "dog", "cow"});
  Publish("b", {.factor = 2}, {"dog", "cat", "cow"});
  EXPECT_THAT(Refusal({"a", "b"}), HasSubstr("name their classes differently"));
}

TEST_F(MakeEnsembleTest, AnEnsembleIsNoMemberAndHasANameOfItsOwn) {
  Publish("a", {});
  Publish("b", {.factor = 2});
  const auto members = Open({"a", "b"});
  ASSERT_TRUE(members.ok());
  const Combination mean = Filled(CombinationKind::kMean, 2);
  ASSERT_TRUE(PublishEnsemble(*registry_, *engine_, *members, mean, "both").ok());
  EXPECT_EQ(Refusal({"a", "both"}), "model both:1 is an ensemble itself");
  EXPECT_EQ(PublishEnsemble(*registry_, *engine_, *members, mean, "a").status().message(),
            "\"a\" is the name of a member");
  EXPECT_EQ(PublishEnsemble(*registry_, *engine_, *members, mean, "../x").status().number(),
            errors::kUsage);
}

}  // namespace
}  // namespace slipway::jobs
