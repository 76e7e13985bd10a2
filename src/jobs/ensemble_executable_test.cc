#include "jobs/ensemble_executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace slipway::jobs {
namespace {

using ::testing::ElementsAre;

TensorSpec Rows(std::string name) { return {.name = std::move(name), .shape = {-1, 2}}; }

/// y = x + `adds`, z = x.
class Adder final : public engine::Executable {
 public:
  explicit Adder(float adds) : adds_(adds) {}
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    ++runs;
    if (fails) return Internal("broken");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (outputs[i].bytes().empty()) {
        SLIPWAY_TRY(outputs[i], TensorBuffer::Allocate(DType::kF32, inputs[0].shape));
      }
      const float adds = wanted[i] == 0 ? adds_ : 0;
      for (std::size_t k = 0; k < outputs[i].As<float>().size(); ++k)
        outputs[i].As<float>()[k] = inputs[0].As<float>()[k] + adds;
    }
    return {};
  }
  mutable int runs = 0;
  bool fails = false;

 private:
  Signature signature_{.inputs = {Rows("x")}, .outputs = {Rows("y"), Rows("z")}};
  float adds_;
};

/// in -> first -> mid -> second -> out; "mid" is an output too.
class EnsembleExecutableTest : public ::testing::Test {
 protected:
  EnsembleExecutableTest() {
    package::Ensemble ensemble;
    ensemble.steps = {{.model = "second",
                       .version = {},
                       .input_map = {{"x", "mid"}},
                       .output_map = {{"y", "out"}}},
                      {.model = "first",
                       .version = {},
                       .input_map = {{"x", "in"}},
                       .output_map = {{"y", "mid"}}}};
    ensemble_ =
        EnsembleExecutable::Make(std::move(ensemble),
                                 {.inputs = {Rows("in")}, .outputs = {Rows("out"), Rows("mid")}},
                                 {second_, first_})
            .value();
  }

  const std::array<float, 2> numbers_ = {1, 2};
  const TensorView input_{DType::kF32, {1, 2}, std::as_bytes(std::span(numbers_))};
  std::shared_ptr<Adder> first_ = std::make_shared<Adder>(10.0F);
  std::shared_ptr<Adder> second_ = std::make_shared<Adder>(100.0F);
  std::unique_ptr<EnsembleExecutable> ensemble_;
};

TEST_F(EnsembleExecutableTest, RunsStepsInTheOrderOfTheirTensors) {
  const Result<std::vector<TensorBuffer>> outputs = ensemble_->RunAll({&input_, 1});
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].view().As<float>(), ElementsAre(111, 112));
  EXPECT_THAT((*outputs)[1].view().As<float>(), ElementsAre(11, 12));
}

TEST_F(EnsembleExecutableTest, RunsOnlyWhatIsWanted) {
  const std::size_t mid = 1;
  std::vector<TensorBuffer> outputs(1);
  ASSERT_TRUE(ensemble_->engine::Executable::Run({&input_, 1}, {&mid, 1}, outputs).ok());
  EXPECT_THAT(outputs[0].view().As<float>(), ElementsAre(11, 12));
  EXPECT_EQ(second_->runs, 0);
}

TEST_F(EnsembleExecutableTest, WritesIntoMemoryThatIsGiven) {
  const std::size_t out = 0;
  std::vector<TensorBuffer> outputs;
  outputs.push_back(TensorBuffer::Allocate(DType::kF32, {1, 2}).value());
  const std::byte* const memory = outputs[0].bytes().data();
  ASSERT_TRUE(ensemble_->engine::Executable::Run({&input_, 1}, {&out, 1}, outputs).ok());
  EXPECT_EQ(outputs[0].bytes().data(), memory);
  EXPECT_THAT(outputs[0].view().As<float>(), ElementsAre(111, 112));
}

TEST_F(EnsembleExecutableTest, AFailedStepIsNamed) {
  second_->fails = true;
  EXPECT_EQ(ensemble_->RunAll({&input_, 1}).status().ToString(),
            "broken (at step 0 (model \"second\"))");
}

TEST_F(EnsembleExecutableTest, ModelsThatDoNotFitAreRefused) {
  package::Ensemble ensemble;
  ensemble.steps = {
      {.model = "m", .version = {}, .input_map = {{"a", "in"}}, .output_map = {{"y", "out"}}}};
  const Status status =
      EnsembleExecutable::Make(std::move(ensemble),
                               {.inputs = {Rows("in")}, .outputs = {Rows("out")}}, {first_})
          .status();
  EXPECT_THAT(status.message(), ::testing::HasSubstr("has no input \"a\""));
}

}  // namespace
}  // namespace slipway::jobs
