#include "package/ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::package {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorSpec Spec(std::string name, Shape shape = {-1, 4}, DType dtype = DType::kF32) {
  return {.name = std::move(name), .dtype = dtype, .shape = shape};
}

EnsembleStep Step(std::string model, std::map<std::string, std::string> reads,
                  std::map<std::string, std::string> writes) {
  return {
      .model = std::move(model), .input_map = std::move(reads), .output_map = std::move(writes)};
}

// image -> clean -> {cats, dogs} -> score; "spare" is written and read by nobody.
struct Diamond {
  Signature signature{.inputs = {Spec("image")}, .outputs = {Spec("score"), Spec("b")}};
  Ensemble ensemble{.steps = {Step("join", {{"x", "a"}, {"y", "b"}}, {{"z", "score"}}),
                              Step("cats", {{"x", "clean"}}, {{"y", "a"}, {"z", "spare"}}),
                              Step("dogs", {{"x", "clean"}}, {{"y", "b"}}),
                              Step("clean", {{"x", "image"}}, {{"y", "clean"}})}};
  Signature clean{.inputs = {Spec("x")}, .outputs = {Spec("y")}};
  Signature cats{.inputs = {Spec("x")}, .outputs = {Spec("y"), Spec("z")}};
  Signature join{.inputs = {Spec("x"), Spec("y")}, .outputs = {Spec("z")}};

  std::string WhyNoPlan() const { return PlanEnsemble(ensemble, signature).status().ToString(); }
  std::string WhyNoFit() const {
    const EnsemblePlan plan = PlanEnsemble(ensemble, signature).value();
    const std::vector<const Signature*> models = {&join, &cats, &clean, &clean};
    return CheckEnsemble(ensemble, plan, signature, models).ToString();
  }
};

TEST(Ensemble, StepsAreOrderedByWhatTheyRead) {
  const Diamond diamond;
  const Result<EnsemblePlan> plan = PlanEnsemble(diamond.ensemble, diamond.signature);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(plan->order, ElementsAre(3, 1, 2, 0));
  EXPECT_EQ(plan->tensors[plan->outputs[0]], "score");
  EXPECT_EQ(plan->writers[plan->outputs[0]], 0U);
  EXPECT_EQ(plan->writers[plan->steps[3].reads[0]], EnsemblePlan::kNone);
}

TEST(Ensemble, OnlyStepsThatAnOutputNeedsRun) {
  const Diamond diamond;
  const EnsemblePlan plan = PlanEnsemble(diamond.ensemble, diamond.signature).value();
  EXPECT_THAT(plan.StepsFor(std::vector<std::size_t>{0}), ElementsAre(true, true, true, true));
  EXPECT_THAT(plan.StepsFor(std::vector<std::size_t>{1}), ElementsAre(false, false, true, true));
}

TEST(Ensemble, ModelsThatFitTogetherAreAccepted) {
  const Diamond diamond;
  EXPECT_EQ(diamond.WhyNoFit(), Status().ToString());
}

TEST(Ensemble, ATensorIsWrittenOnce) {
  Diamond two;
  two.ensemble.steps[2].output_map = {{"y", "a"}};
  EXPECT_THAT(two.WhyNoPlan(), HasSubstr("step 2 (model \"dogs\"): output \"y\" writes tensor "
                                         "\"a\", which step 1 (model \"cats\") writes already"));
  Diamond over;
  over.ensemble.steps[2].output_map = {{"y", "image"}};
  EXPECT_THAT(over.WhyNoPlan(), HasSubstr("which is an input of the ensemble"));
}

TEST(Ensemble, EveryTensorThatIsReadIsWritten) {
  Diamond diamond;
  diamond.ensemble.steps[1].input_map = {{"x", "claen"}};
  const Status status = PlanEnsemble(diamond.ensemble, diamond.signature).status();
  EXPECT_THAT(status.message(), HasSubstr("input \"x\" reads tensor \"claen\""));
  EXPECT_EQ(status.hint(), "did you mean \"clean\"?");
  EXPECT_EQ(status.number(), errors::kInvalidPackage);
}

TEST(Ensemble, EveryInputIsReadAndEveryOutputWritten) {
  Diamond unread;
  unread.signature.inputs.push_back(Spec("mask"));
  EXPECT_THAT(unread.WhyNoPlan(), HasSubstr("input \"mask\" is read by no step"));
  Diamond unwritten;
  unwritten.signature.outputs.push_back(Spec("scores"));
  EXPECT_THAT(unwritten.WhyNoPlan(), HasSubstr("output \"scores\" is written by no step"));
  Diamond passed_on;
  passed_on.signature.outputs.push_back(Spec("image"));
  EXPECT_THAT(passed_on.WhyNoPlan(), HasSubstr("output \"image\" is written by no step"));
}

TEST(Ensemble, ACircleIsRefusedByItsSteps) {
  Diamond diamond;
  diamond.ensemble.steps[3].input_map = {{"x", "image"}, {"y", "a"}};
  EXPECT_THAT(diamond.WhyNoPlan(), AllOf(HasSubstr("circle"), HasSubstr("step 3 (model \"clean\")"),
                                         HasSubstr("step 1 (model \"cats\")")));
}

TEST(Ensemble, StepsAreBoundedAndWhole) {
  Diamond none;
  none.ensemble.steps.clear();
  EXPECT_THAT(none.WhyNoPlan(), HasSubstr("1 to 64 steps, not 0"));
  Diamond many;
  many.ensemble.steps.resize(kMaxEnsembleSteps + 1, many.ensemble.steps[0]);
  EXPECT_THAT(many.WhyNoPlan(), HasSubstr("not 65"));
  Diamond without;
  without.ensemble.steps[1].output_map.clear();
  EXPECT_THAT(without.WhyNoPlan(), HasSubstr("maps no outputs"));
  Diamond named;
  named.ensemble.steps[1].model = "../cats";
  EXPECT_THAT(named.WhyNoPlan(), HasSubstr("step 1: \"../cats\""));
  Diamond numbered;
  numbered.ensemble.steps[1].version = 0;
  EXPECT_THAT(numbered.WhyNoPlan(), HasSubstr("version 0"));
}

// Bad input R2: a step that names an address, or no model, on another server
TEST(Ensemble, AnotherServerIsNamedAndNeverAnAddress) {
  for (const char* server : {"http://10.0.0.7", "127.0.0.1:80", "../x", "a b", "user@host"}) {
    Diamond diamond;
    diamond.ensemble.steps[1].server = server;
    EXPECT_THAT(diamond.WhyNoPlan(), HasSubstr("step 1: a model on another server")) << server;
  }
  Diamond own;
  own.ensemble.steps[1] = {.model = "",
                           .server = "far",
                           .input_map = own.ensemble.steps[1].input_map,
                           .output_map = own.ensemble.steps[1].output_map};
  EXPECT_THAT(own.WhyNoPlan(), HasSubstr("needs its name"));
}

TEST(Ensemble, ModelsThatDoNotFitAreNamedWithTheTensor) {
  Diamond type;
  type.cats.inputs[0].dtype = DType::kI64;
  EXPECT_THAT(type.WhyNoFit(), HasSubstr("step 1 (model \"cats\"): input x i64[N,4] reads tensor "
                                         "\"clean\", which is f32[N,4]"));
  Diamond shape;
  shape.join.inputs[1].shape = {-1, 5};
  EXPECT_THAT(shape.WhyNoFit(), HasSubstr("tensor \"b\""));
  Diamond unknown;
  unknown.cats.outputs[1].name = "w";
  EXPECT_THAT(unknown.WhyNoFit(), HasSubstr("the model has no output \"z\"; it has: y, w"));
  Diamond unmapped;
  unmapped.join.inputs.push_back(Spec("mask"));
  EXPECT_THAT(unmapped.WhyNoFit(), HasSubstr("input \"mask\" is not mapped"));
  Diamond output;
  output.signature.outputs[0].shape = {-1, 7};
  EXPECT_THAT(output.WhyNoFit(), HasSubstr("the ensemble's output is score f32[N,7]"));
}

TEST(Ensemble, ADimensionOfAnySizeFitsEverySize) {
  Diamond diamond;
  diamond.cats.inputs[0].shape = {-1, -1};
  EXPECT_EQ(diamond.WhyNoFit(), Status().ToString());
}

TEST(Ensemble, JsonIsReadBack) {
  Diamond diamond;
  diamond.ensemble.steps[1].version = 3;
  diamond.ensemble.steps[2].server = "far";
  const OrderedJson json = EnsembleToJson(diamond.ensemble);
  EXPECT_EQ(json["step"][0]["model_version"], -1);
  EXPECT_EQ(json["step"][2]["model_namespace"], "far");
  EXPECT_FALSE(json["step"][0].contains("model_namespace"));
  const Result<Ensemble> read = EnsembleFromJson(Json(json), "ensemble");
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(*read, diamond.ensemble);
}

TEST(Ensemble, VersionsMayBeTexts) {
  const auto with_version = [](const char* version) {
    const std::string text = std::string(R"({"step":[{"model_name":"a","model_version":)") +
                             version + R"(,"input_map":{"x":"i"},"output_map":{"y":"o"}}]})";
    return EnsembleFromJson(*ParseJson(text), "e");
  };
  EXPECT_EQ(with_version("\"7\"")->steps[0].version, 7);
  EXPECT_EQ(with_version("\"-1\"")->steps[0].version, std::nullopt);
  EXPECT_EQ(with_version("-1")->steps[0].version, std::nullopt);
  for (const char* wrong : {"0", "-2", "\"x\"", "1.5", "18446744073709551615", "null"}) {
    EXPECT_THAT(with_version(wrong).status().place(), HasSubstr("step[0].model_version")) << wrong;
  }
}

TEST(Ensemble, WrongJsonIsRefusedByPath) {
  const auto place_of = [](const char* text) {
    return EnsembleFromJson(*ParseJson(text), "e").status().place();
  };
  EXPECT_THAT(place_of("[]"), HasSubstr("e"));
  EXPECT_THAT(place_of(R"({"step":{}})"), HasSubstr("e.step"));
  EXPECT_THAT(place_of(R"({"step":[7]})"), HasSubstr("e.step[0]"));
  EXPECT_THAT(place_of(R"({"step":[{"model_name":"a","input_map":{"x":1},"output_map":{}}]})"),
              HasSubstr("e.step[0].input_map.x"));
  EXPECT_THAT(place_of(R"({"step":[{"model_name":"a","input_map":{"x":""},"output_map":{}}]})"),
              HasSubstr("e.step[0].input_map.x"));
}

}  // namespace
}  // namespace slipway::package
