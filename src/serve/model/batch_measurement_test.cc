#include "serve/model/batch_measurement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;

/// x f32[N,2] -> y f32[N,2], by a formula of the whole batch.
class Formula final : public engine::Executable {
 public:
  using Function = std::function<std::vector<float>(std::span<const float>)>;
  explicit Formula(Function function) : function_(std::move(function)) {
    signature_.outputs[0].shape = {-1, 2};
  }
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    const std::vector<float> values = function_(inputs[0].As<float>());
    SLIPWAY_TRY(outputs[0], TensorBuffer::Allocate(
                                DType::kF32, {static_cast<std::int64_t>(values.size() / 2), 2}));
    std::ranges::copy(values, outputs[0].As<float>().begin());
    return {};
  }

 private:
  Function function_;
  Signature signature_ = FakeSignature();
};

BatchProfile Measure(const engine::Executable& model,
                     std::chrono::nanoseconds run_time = microseconds(10)) {
  const OutputMemory follows[] = {OutputMemory::kFollowsBatch};
  return MeasureBatches(model, model.signature(), follows, run_time);
}

std::vector<float> Halved(std::span<const float> x) {
  std::vector<float> y(x.begin(), x.end());
  for (float& value : y) value /= 2;
  return y;
}

TEST(MeasureBatches, MeasuresAModelOfIndependentRows) {
  const BatchProfile profile = Measure(Formula(Halved));
  ASSERT_TRUE(profile.IsKnown());
  EXPECT_EQ(profile.points().front().rows, 1);
  EXPECT_GT(profile.points().size(), 1u);
}

TEST(MeasureBatches, TakesWhatWasMeasuredBeforeWhereRowsAreIndependent) {
  const OutputMemory follows[] = {OutputMemory::kFollowsBatch};
  const BatchProfile before({{1, microseconds(10)}, {2, microseconds(11)}});
  const auto measure = [&](const Formula& model) {
    return MeasureBatches(model, model.signature(), follows, microseconds(10), before);
  };
  EXPECT_EQ(measure(Formula(Halved)).points().size(), 2u);
  const auto shifted = [](std::span<const float> x) {
    return std::vector<float>(x.size(), x.front() + x.back());
  };
  EXPECT_FALSE(measure(Formula(shifted)).IsKnown());
}

TEST(MeasureBatches, FindsRowsThatDependOnTheirNeighbours) {
  const auto less_the_mean = [](std::span<const float> x) {
    std::vector<float> y(x.begin(), x.end());
    const float mean = std::accumulate(y.begin(), y.end(), 0.0F) / static_cast<float>(y.size());
    for (float& value : y) value -= mean;
    return y;
  };
  EXPECT_FALSE(Measure(Formula(less_the_mean)).IsKnown());
}

TEST(MeasureBatches, FindsRowsThatAreQuantizedByTheirCommonRange) {
  const auto quantized = [](std::span<const float> x) {
    float largest = 0;
    for (const float value : x) largest = std::max(largest, std::abs(value));
    const float step = largest / 127;
    std::vector<float> y(x.begin(), x.end());
    for (float& value : y) value = std::round(value / step) * step;
    return y;
  };
  EXPECT_FALSE(Measure(Formula(quantized)).IsKnown());
}

TEST(MeasureBatches, FindsAnOutputWithoutARowForEachRow) {
  const auto one_row = [](std::span<const float>) { return std::vector<float>{1, 2}; };
  EXPECT_FALSE(Measure(Formula(one_row)).IsKnown());
}

TEST(MeasureBatches, LeavesOutWhatRunsOneByOne) {
  EXPECT_FALSE(Measure(Formula(Halved), microseconds(1500)).IsKnown()) << "slow";
  const Formula model(Halved);
  const OutputMemory engine[] = {OutputMemory::kEngine};
  EXPECT_FALSE(MeasureBatches(model, model.signature(), engine, microseconds(10)).IsKnown());
  Signature open = model.signature();
  open.inputs[0].shape = {-1, -1};
  const OutputMemory follows[] = {OutputMemory::kFollowsBatch};
  EXPECT_FALSE(MeasureBatches(model, open, follows, microseconds(10)).IsKnown());
}

}  // namespace
}  // namespace slipway::serve
