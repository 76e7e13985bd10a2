#include "jobs/self_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/error_catalogue.h"
#include "jobs/check_inputs.h"
#include "jobs/model_run.h"

namespace slipway::jobs {
namespace {

using ::testing::HasSubstr;

/// A model that is a function of its first input's rows: every row gives two numbers.
class FakeModel final : public engine::Executable {
 public:
  using Function = std::function<float(const TensorView& input, std::size_t row)>;
  FakeModel(Signature signature, Function function)
      : signature_(std::move(signature)), function_(std::move(function)) {}

  const Signature& signature() const override { return signature_; }

  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    if (refuses_ && inputs[0].shape[0] > 1) return InvalidArgument("only one row");
    const std::int64_t rows = loses_rows_ ? 1 : inputs[0].shape[0];
    SLIPWAY_TRY(outputs[0], TensorBuffer::Allocate(DType::kF32, Shape{rows, 2}));
    for (std::size_t i = 0; i < outputs[0].As<float>().size(); ++i)
      outputs[0].As<float>()[i] = function_(inputs[0], i / 2);
    return {};
  }

  FakeModel& RefuseBatches() {
    refuses_ = true;
    return *this;
  }
  FakeModel& LoseRows() {
    loses_rows_ = true;
    return *this;
  }

 private:
  Signature signature_;
  Function function_;
  bool refuses_ = false;
  bool loses_rows_ = false;
};

Signature RowsOf(DType dtype) {
  return {{{"x", dtype, Shape{-1, 4}, {"batch", ""}}},
          {{"y", DType::kF32, Shape{-1, 2}, {"batch", ""}}}};
}

float Sum(const TensorView& input, std::size_t row) {
  float sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum += input.As<float>()[row * 4 + i];
  return sum;
}

Result<SelfCheckResult> Check(const FakeModel& model, bool is_conversion = true,
                              const std::vector<Sample>& samples = {}) {
  return CheckOnEngine({.executable = model,
                        .signature = model.signature(),
                        .id_counts = {},
                        .is_conversion = is_conversion},
                       samples, {.budget = std::chrono::hours(1)});
}

TEST(SelfCheck, SaysWhatItDidAndThatNumbersWereNotCompared) {
  const Result<SelfCheckResult> result = Check(FakeModel(RowsOf(DType::kF32), Sum));
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->check.runs, 4U);
  EXPECT_EQ(result->check.summary,
            "structure checked on 4 inputs, numbers not compared with the source");
  EXPECT_TRUE(result->warnings.empty());
}

TEST(SelfCheck, NanFromRandomNumbersFailsAConversionAndWarnsOfAnOnnxFile) {
  const FakeModel model(RowsOf(DType::kF32),
                        [](const TensorView&, std::size_t) { return std::nanf(""); });
  const Result<SelfCheckResult> result = Check(model);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().number(), errors::kSelfCheckFailed);
  EXPECT_THAT(result.status().message(), HasSubstr("NaN"));
  const Result<SelfCheckResult> foreign = Check(model, false);
  ASSERT_TRUE(foreign.ok());
  EXPECT_FALSE(foreign->warnings.empty());
}

TEST(SelfCheck, InfinityFromZerosIsAWarning) {
  const Result<SelfCheckResult> result =
      Check(FakeModel(RowsOf(DType::kF32), [](const TensorView& input, std::size_t row) {
        return 1 / Sum(input, row);
      }));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->warnings.size(), 1U);
  EXPECT_THAT(result->warnings[0], HasSubstr("zeros"));
}

TEST(SelfCheck, AModelThatCannotTakeThreeRowsFails) {
  FakeModel model(RowsOf(DType::kF32), Sum);
  EXPECT_EQ(Check(model.RefuseBatches()).status().number(), errors::kSelfCheckFailed);
}

TEST(SelfCheck, AModelThatLosesRowsFails) {
  FakeModel model(RowsOf(DType::kF32), Sum);
  EXPECT_THAT(Check(model.LoseRows()).status().message(),
              HasSubstr("shape [1,2] on random numbers, batch 3"));
}

Sample SampleOf(float expected, std::string input_name = "in_0") {
  Sample sample;
  TensorBuffer input = *TensorBuffer::Allocate(DType::kF64, Shape{1, 4});
  for (double& element : input.As<double>()) element = 2.0;
  TensorBuffer output = *TensorBuffer::Allocate(DType::kF32, Shape{1, 2});
  for (float& element : output.As<float>()) element = expected;
  sample.inputs.emplace_back(std::move(input_name), std::move(input));
  sample.expected.emplace_back("out_0", std::move(output));
  return sample;
}

std::vector<Sample> One(Sample sample) {
  std::vector<Sample> samples;
  samples.push_back(std::move(sample));
  return samples;
}

TEST(SelfCheck, ComparesSamplesByPositionAndConvertsTheirNumbers) {
  const Result<SelfCheckResult> result =
      Check(FakeModel(RowsOf(DType::kF32), Sum), true, One(SampleOf(8.0001F)));
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_TRUE(result->check.compared_with_samples);
  EXPECT_NEAR(result->check.max_absolute_error, 1e-4, 1e-5);
  EXPECT_THAT(result->check.summary, HasSubstr("1 sample compared"));
}

TEST(SelfCheck, ASampleBeyondTheToleranceFailsAlways) {
  const FakeModel model(RowsOf(DType::kF32), Sum);
  for (const bool is_conversion : {true, false}) {
    const Result<SelfCheckResult> result = Check(model, is_conversion, One(SampleOf(8.1F)));
    EXPECT_EQ(result.status().number(), errors::kSelfCheckFailed);
  }
  EXPECT_FALSE(Check(model, true, One(SampleOf(std::nanf("")))).ok());
}

TEST(CheckSignature, NamesTheDifference) {
  const FakeModel model(RowsOf(DType::kF32), Sum);
  EXPECT_TRUE(CheckSignature(model, RowsOf(DType::kF32)).ok());
  EXPECT_THAT(CheckSignature(model, RowsOf(DType::kI64)).message(),
              HasSubstr("x i64[N,4]: the graph has x f32[N,4]"));
  Signature renamed = RowsOf(DType::kF32);
  renamed.outputs[0].name = "z";
  EXPECT_THAT(CheckSignature(model, renamed).message(), HasSubstr("no output \"z\""));
}

TEST(CheckInputs, IdsStayWithinTheVocabulary) {
  const TensorSpec ids{"ids", DType::kI32, Shape{-1, -1}, {}};
  const TensorBuffer random = *MakeCheckInput(ids, {"", Fill::kRandom, 3, 7}, 20, 1);
  EXPECT_EQ(random.shape(), (Shape{3, 7}));
  EXPECT_THAT(random.view().As<std::int32_t>(),
              ::testing::Each(::testing::AllOf(::testing::Ge(0), ::testing::Lt(20))));
  const TensorBuffer last = *MakeCheckInput(ids, {"", Fill::kHighest, 1, 2}, 20, 1);
  EXPECT_THAT(last.view().As<std::int32_t>(), ::testing::Each(19));
  const TensorSpec as_float{"ids", DType::kF32, Shape{-1, 5}, {}};
  const TensorBuffer floats = *MakeCheckInput(as_float, {"", Fill::kHighest, 1, 2}, 20, 1);
  EXPECT_THAT(floats.view().As<float>(), ::testing::Each(19.0F));
}

TEST(CheckInputs, TheSameSeedGivesTheSameNumbers) {
  const TensorSpec spec{"x", DType::kF32, Shape{-1, 50}, {}};
  const CheckCase check{"", Fill::kRandom, 2, 1};
  const TensorBuffer one = *MakeCheckInput(spec, check, 0, 5);
  const TensorBuffer same = *MakeCheckInput(spec, check, 0, 5);
  const TensorBuffer other = *MakeCheckInput(spec, check, 0, 6);
  EXPECT_TRUE(std::ranges::equal(one.bytes(), same.bytes()));
  EXPECT_FALSE(std::ranges::equal(one.bytes(), other.bytes()));
}

TEST(PlanCheck, AsksForOddSizesAndLengthOneWhereDimensionsAreFree) {
  const Signature text{{{"ids", DType::kI64, Shape{-1, -1}, {}}}, {}};
  std::vector<std::string> names;
  for (const CheckCase& check : PlanCheck(text, 8)) names.push_back(check.name);
  EXPECT_THAT(names,
              ::testing::ElementsAre("random numbers", "random numbers, batch 3", "zeros", "ones",
                                     "the largest values", "sizes of 7", "length 1"));
  const Signature fixed{{{"x", DType::kF32, Shape{2, 3}, {}}}, {}};
  EXPECT_EQ(PlanCheck(fixed, 1).size(), 3U);
}

}  // namespace
}  // namespace slipway::jobs
