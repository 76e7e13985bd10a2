#include "cli/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error_catalogue.h"

namespace slipway::cli {
namespace {

template <class T>
TensorView View(DType dtype, Shape shape, const std::vector<T>& values) {
  return {dtype, shape, std::as_bytes(std::span(values))};
}

Metric Make(std::string_view name) { return std::move(Metric::Named(name)).value(); }

struct KnownInterval {
  std::uint64_t hits;
  std::uint64_t total;
  double low;
  double high;
};

// Computed with R's prop.test(hits, total, correct = FALSE) and checked by hand from the formula.
TEST(ProportionInterval, EqualsKnownValues) {
  for (const KnownInterval& known :
       {KnownInterval{81, 263, 0.2553, 0.3662}, KnownInterval{15, 148, 0.0624, 0.1605},
        KnownInterval{0, 20, 0.0, 0.1611}, KnownInterval{1, 29, 0.0061, 0.1718},
        KnownInterval{29, 29, 0.8830, 1.0}, KnownInterval{9885, 10000, 0.98622, 0.99041}}) {
    const Estimate estimate = ProportionInterval(known.hits, known.total);
    EXPECT_NEAR(estimate.low, known.low, 6e-5) << known.hits << "/" << known.total;
    EXPECT_NEAR(estimate.high, known.high, 6e-5) << known.hits << "/" << known.total;
    EXPECT_DOUBLE_EQ(estimate.value,
                     static_cast<double>(known.hits) / static_cast<double>(known.total));
  }
}

TEST(MeanInterval, IsTheNormalInterval) {
  const Estimate estimate = MeanInterval({1, 2, 3, 4, 5});
  EXPECT_DOUBLE_EQ(estimate.value, 3);
  EXPECT_NEAR(estimate.high - 3, 1.959964 * std::sqrt(2.5 / 5), 1e-6);
  EXPECT_DOUBLE_EQ(MeanInterval({7}).low, 7);
}

TEST(PairedInterval, IsThatOfTheDifferences) {
  const Estimate same = PairedInterval({1, 0, 1}, {1, 0, 1});
  EXPECT_DOUBLE_EQ(same.low, 0);
  EXPECT_DOUBLE_EQ(same.high, 0);
  // Of 100 rows 10 are right with the first alone and 4 with the second alone: Wald's interval.
  std::vector<double> first(100, 1);
  std::vector<double> second(100, 1);
  std::fill_n(second.begin(), 10, 0);
  std::fill_n(first.end() - 4, 4, 0);
  const Estimate gain = PairedInterval(first, second);
  EXPECT_DOUBLE_EQ(gain.value, 0.06);
  EXPECT_NEAR(gain.high - 0.06, 1.959964 * std::sqrt((0.14 - 0.06 * 0.06) / 99), 1e-6);
}

TEST(Metric, AccuracyTakesClassNumbersAndOneHotRows) {
  const std::vector<float> scores = {0.1F, 0.9F, 0.8F, 0.2F, 0.3F, 0.7F};
  const std::vector<std::uint8_t> classes = {1, 0, 0};
  Metric by_number = Make("accuracy");
  ASSERT_TRUE(
      by_number.Add(View(DType::kF32, {3, 2}, scores), View(DType::kU8, {3}, classes)).ok());
  EXPECT_DOUBLE_EQ(by_number.Estimated().value, 2.0 / 3);
  const std::vector<std::int64_t> one_hot = {0, 1, 1, 0, 1, 0};
  Metric by_row = Make("accuracy");
  ASSERT_TRUE(
      by_row.Add(View(DType::kF32, {3, 2}, scores), View(DType::kI64, {3, 2}, one_hot)).ok());
  EXPECT_DOUBLE_EQ(by_row.Estimated().value, 2.0 / 3);
}

TEST(Metric, AccuracyOfOneScoreARowTakesAHalfAsTheBorderAndSaysSo) {
  Metric metric = Make("accuracy");
  const std::vector<float> scores = {0.9F, 0.4F, 0.6F, 0.1F};
  const std::vector<float> labels = {1, 0, 0, 1};
  ASSERT_TRUE(metric.Add(View(DType::kF32, {4, 1}, scores), View(DType::kF32, {4}, labels)).ok());
  EXPECT_DOUBLE_EQ(metric.Estimated().value, 0.5);
  EXPECT_THAT(metric.remark(), testing::HasSubstr("above 0.5"));
}

TEST(Metric, Top5CountsTheFiveBest) {
  Metric metric = Make("top5");
  const std::vector<double> scores = {6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1};
  const std::vector<std::int32_t> labels = {4, 5};
  ASSERT_TRUE(metric.Add(View(DType::kF64, {2, 6}, scores), View(DType::kI32, {2}, labels)).ok());
  EXPECT_DOUBLE_EQ(metric.Estimated().value, 0.5);
}

TEST(Metric, ErrorsAreMeansOverRows) {
  const std::vector<double> predicted = {1, 2, 3, 5};
  const std::vector<double> wanted = {1, 2, 3, 1};
  for (const auto& [name, value] : {std::pair{"mae", 1.0}, {"mse", 4.0}, {"rmse", 2.0}}) {
    Metric metric = Make(name);
    ASSERT_TRUE(
        metric.Add(View(DType::kF64, {4, 1}, predicted), View(DType::kF64, {4}, wanted)).ok());
    EXPECT_DOUBLE_EQ(metric.Estimated().value, value) << name;
    EXPECT_EQ(metric.rows(), 4U);
  }
}

TEST(Metric, AddsUpOverBatches) {
  Metric metric = Make("accuracy");
  const std::vector<float> scores = {0, 1};
  for (const std::uint8_t label : {1, 1, 1, 0}) {
    const std::vector<std::uint8_t> labels = {label};
    ASSERT_TRUE(metric.Add(View(DType::kF32, {1, 2}, scores), View(DType::kU8, {1}, labels)).ok());
  }
  EXPECT_DOUBLE_EQ(metric.Estimated().value, 0.75);
  EXPECT_EQ(metric.Text(0.75), "75.00 %");
}

TEST(Metric, RefusesLabelsThatDoNotFit) {
  Metric metric = Make("mae");
  const std::vector<float> three = {1, 2, 3};
  const std::vector<float> two = {1, 2};
  const Status status = metric.Add(View(DType::kF32, {3, 1}, three), View(DType::kF32, {2}, two));
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), testing::HasSubstr("[3,1]"));
}

TEST(Metric, NamesThoseThatExist) {
  const Status status = Metric::Named("acuracy").status();
  EXPECT_EQ(status.number(), errors::kUsage);
  EXPECT_THAT(status.message(), testing::HasSubstr("accuracy, top5, mae, mse or rmse"));
}

}  // namespace
}  // namespace slipway::cli
