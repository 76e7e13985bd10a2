#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <future>
#include <latch>
#include <mutex>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;

using Runs = std::vector<std::vector<float>>;

/// y = {x[0], x[1], 1} for each row. Notes the first number of each row of each run, before the run
/// waits for the gate.
class GatedModel final : public engine::Executable {
 public:
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    const std::span<const float> x = inputs[0].As<float>();
    std::vector<float> firsts;
    for (std::size_t row = 0; row < x.size() / 2; ++row) firsts.push_back(x[row * 2]);
    {
      const std::lock_guard lock(mutex_);
      runs_.push_back(std::move(firsts));
      if (runs_.size() == 1) begun_.count_down();
    }
    if (is_gated) gate_.wait();
    for (std::size_t row = 0; row < x.size() / 2; ++row) {
      const std::array<float, 3> y = {x[row * 2], x[row * 2 + 1], 1};
      std::ranges::copy(y, outputs[0].As<float>().subspan(row * 3).begin());
    }
    return {};
  }

  void WaitForFirstRun() { begun_.wait(); }
  void Open() { gate_.count_down(); }
  Runs runs() const {
    const std::lock_guard lock(mutex_);
    return runs_;
  }

  bool is_gated = false;

 private:
  const Signature signature_ = FakeSignature();
  mutable std::mutex mutex_;
  mutable std::latch begun_{1};
  mutable std::latch gate_{1};
  mutable Runs runs_;  ///< guarded by mutex_
};

class ConfiguredBatchingTest : public testing::Test {
 protected:
  void Start(ModelConfig config, PredictorOptions options = {}) {
    model_ = std::make_shared<ServedModel>(
        ServedModel::Parts{.name = "m",
                           .signature = FakeSignature(),
                           .executable = executable,
                           .output_memory = {OutputMemory::kFollowsBatch},
                           .run_time = microseconds(50),
                           .config = config,
                           .batch_rules = BatchRulesOf(config)});
    options.inline_below = inline_below;
    options.default_deadline = hours(2);
    predictor_ = Predictor::Create(options, clock);
  }
  /// With a first request that runs until the gate opens; those after it wait.
  void StartBusy(ModelConfig config) {
    executable->is_gated = true;
    inline_below = microseconds(0);
    Start(std::move(config));
    Send(0);
    executable->WaitForFirstRun();
  }

  /// A request whose first number is that; returns which it is.
  std::size_t Send(float number, std::uint64_t priority = 0, std::int64_t rows = 1) {
    auto& numbers = numbers_.emplace_back(static_cast<std::size_t>(rows) * 2, number);
    auto& answer = answers_.emplace_back();
    predictor_->Predict(
        {.model = model_,
         .inputs = {{"x", {DType::kF32, {rows, 2}, std::as_bytes(std::span(numbers))}}},
         .priority = priority},
        [&answer](Result<InferResponse> result) { answer.set_value(std::move(result)); });
    return answers_.size() - 1;
  }
  Result<InferResponse> Answer(std::size_t index) { return answers_[index].get_future().get(); }
  Status Refusal(std::size_t index) { return Answer(index).status(); }
  RunFacts RunOf(std::size_t index) {
    const Result<InferResponse> answer = Answer(index);
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    return answer.ok() ? answer->run : RunFacts();
  }

  FakeClock clock;
  std::shared_ptr<GatedModel> executable = std::make_shared<GatedModel>();
  microseconds inline_below{1000};

 private:
  ModelHandle model_;
  std::deque<std::vector<float>> numbers_;
  std::deque<std::promise<Result<InferResponse>>> answers_;
  std::unique_ptr<Predictor> predictor_;  // last: its threads use the others
};

TEST_F(ConfiguredBatchingTest, AFullBatchGoesAtOnce) {
  Start({.max_batch_size = 2, .dynamic_batching = DynamicBatching{.max_queue_delay = hours(1)}});
  Send(1);
  Send(2);
  const RunFacts run = RunOf(0);
  EXPECT_EQ(run.batch_end, BatchEnd::kFull);
  EXPECT_EQ(run.rows, 2);
  EXPECT_EQ(RunOf(1).rows, 2);
  EXPECT_THAT(executable->runs(), ElementsAre(ElementsAre(1, 2)));
}

TEST_F(ConfiguredBatchingTest, APreferredSizeGoesAtOnce) {
  Start({.max_batch_size = 8,
         .dynamic_batching =
             DynamicBatching{.preferred_batch_sizes = {3}, .max_queue_delay = hours(1)}});
  for (const float number : {1.0F, 2.0F, 3.0F}) Send(number);
  EXPECT_EQ(RunOf(2).batch_end, BatchEnd::kPreferred);
  EXPECT_THAT(executable->runs(), ElementsAre(ElementsAre(1, 2, 3)));
}

TEST_F(ConfiguredBatchingTest, AQuickModelsRequestWaitsForCompanyUntilItsDelayIsOver) {
  Start({.max_batch_size = 8,
         .dynamic_batching = DynamicBatching{.max_queue_delay = milliseconds(2)}});
  Send(1);
  EXPECT_TRUE(executable->runs().empty());
  clock.Advance(milliseconds(2));
  const RunFacts run = RunOf(0);
  EXPECT_EQ(run.batch_end, BatchEnd::kDelay);
  EXPECT_EQ(run.rows, 1);
}

TEST_F(ConfiguredBatchingTest, WithoutBatchingNobodyWaits) {
  Start({.max_batch_size = 8, .dynamic_batching = DynamicBatching{.max_queue_delay = hours(1)}},
        {.shares_runs = false});
  Send(1);
  EXPECT_EQ(RunOf(0).rows, 1);
}

TEST_F(ConfiguredBatchingTest, WithoutADelayThoseThatWaitGoTogether) {
  StartBusy({.max_batch_size = 3, .dynamic_batching = DynamicBatching()});
  for (const float number : {1.0F, 2.0F, 3.0F, 4.0F}) Send(number);
  executable->Open();
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(Answer(i).ok());
  EXPECT_THAT(executable->runs(),
              ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3), ElementsAre(4)));
}

TEST_F(ConfiguredBatchingTest, HighPriorityIsServedFirst) {
  StartBusy({.dynamic_batching = DynamicBatching{.priority_levels = 2, .default_priority = 2}});
  Send(1);
  Send(2, 2);
  Send(3, 1);
  Send(4, 1);
  executable->Open();
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(Answer(i).ok());
  EXPECT_THAT(executable->runs(), ElementsAre(ElementsAre(0), ElementsAre(3), ElementsAre(4),
                                              ElementsAre(1), ElementsAre(2)));
}

TEST_F(ConfiguredBatchingTest, WithoutLevelsPriorityIsIgnored) {
  StartBusy({.dynamic_batching = DynamicBatching()});
  Send(1);
  Send(2, 1);
  executable->Open();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(Answer(i).ok());
  EXPECT_THAT(executable->runs(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
}

TEST_F(ConfiguredBatchingTest, WhoHasWaitedTooLongIsRefused) {
  StartBusy({.dynamic_batching =
                 DynamicBatching{.default_policy = {.default_timeout = milliseconds(5)}}});
  const std::size_t waiting = Send(1);
  clock.Advance(milliseconds(5));
  const Status refusal = Refusal(waiting);
  EXPECT_EQ(refusal.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(refusal.message(), "the request waited longer than its model's queue policy allows");
  executable->Open();
  EXPECT_TRUE(Answer(0).ok()) << "the time is of waiting, not of running";
}

TEST_F(ConfiguredBatchingTest, WhoHasWaitedTooLongMayBeServedAfterTheOthers) {
  StartBusy({.dynamic_batching = DynamicBatching{
                 .default_policy = {.timeout_action = QueuePolicy::TimeoutAction::kDelay,
                                    .default_timeout = milliseconds(5)}}});
  Send(1);
  clock.Advance(milliseconds(5));
  Send(2);
  executable->Open();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(Answer(i).ok());
  EXPECT_THAT(executable->runs(), ElementsAre(ElementsAre(0), ElementsAre(2), ElementsAre(1)));
}

TEST_F(ConfiguredBatchingTest, ALevelHoldsAsManyAsItsPolicySays) {
  StartBusy(
      {.dynamic_batching = DynamicBatching{
           .priority_levels = 2, .default_priority = 2, .policies = {{2, {.max_queue_size = 1}}}}});
  Send(1);
  const Status refusal = Refusal(Send(2));
  EXPECT_EQ(refusal.number(), errors::kQueueFull);
  EXPECT_THAT(refusal.message(), testing::HasSubstr("1 requests of priority 2 wait"));
  Send(3, 1);
  executable->Open();
  EXPECT_TRUE(Answer(1).ok());
  EXPECT_TRUE(Answer(3).ok());
}

TEST_F(ConfiguredBatchingTest, MoreRowsThanTheBatchSizeAreRefused) {
  Start({.max_batch_size = 2});
  const Status refusal = Refusal(Send(1, 0, 3));
  EXPECT_EQ(refusal.number(), errors::kTensorShapeMismatch);
  EXPECT_EQ(refusal.message(), "the request has 3 rows, max_batch_size of model \"m\" is 2");
}

}  // namespace
}  // namespace slipway::serve
