#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>

#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::Ge;
using testing::Le;

/// y[i] = {x[i][0], x[i][1], 1} for each row, less `shared` times the mean of all x. A run takes
/// nine milliseconds and one for each row, or ten for each row. Notes the rows of each run.
class SlowModel final : public engine::Executable {
 public:
  explicit SlowModel(FakeClock& clock) : clock_(clock) {}

  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    WaitForGate();
    const std::span<const float> x = inputs[0].As<float>();
    const std::size_t rows = x.size() / 2;
    {
      const std::lock_guard lock(mutex_);
      runs_.push_back(rows);
    }
    clock_.Advance(milliseconds(shares_cost ? 9 + rows : 10 * rows));
    if (rows > most_rows) return ResourceExhausted("too many rows");
    const float mean = std::accumulate(x.begin(), x.end(), 0.0F) / static_cast<float>(x.size());
    for (std::size_t row = 0; row < rows; ++row) {
      const std::array<float, 3> y = {x[row * 2] - shared * mean, x[row * 2 + 1], 1};
      std::ranges::copy(y, outputs[0].As<float>().subspan(row * 3).begin());
    }
    return {};
  }

  /// No run ends before Open().
  void Close() {
    const std::lock_guard lock(mutex_);
    gate_ = std::make_shared<std::latch>(1);
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    gate_->count_down();
  }
  std::vector<std::size_t> TakeRuns() {
    const std::lock_guard lock(mutex_);
    return std::exchange(runs_, {});
  }

  float shared = 0;
  bool shares_cost = true;
  std::size_t most_rows = 1000;

 private:
  void WaitForGate() const {
    std::shared_ptr<std::latch> gate;
    {
      const std::lock_guard lock(mutex_);
      gate = gate_;
    }
    gate->wait();
  }

  FakeClock& clock_;
  const Signature signature_ = FakeSignature();
  mutable std::mutex mutex_;  ///< guards all below
  std::shared_ptr<std::latch> gate_ = std::make_shared<std::latch>(0);
  mutable std::vector<std::size_t> runs_;
};

class WorkerBatchingTest : public testing::Test {
 protected:
  WorkerBatchingTest() : executable(std::make_shared<SlowModel>(clock)) {
    model = std::make_shared<ServedModel>(
        ServedModel::Parts{.name = "slow",
                           .signature = FakeSignature(),
                           .executable = executable,
                           .output_memory = {OutputMemory::kFollowsBatch},
                           .run_time = milliseconds(10),
                           .learns_batches = true});
  }

  /// Sends requests of a row each, all there before the first run ends; checks that each gets what
  /// its own row gives alone. Returns the rows of the runs.
  std::vector<std::size_t> Serve(std::size_t count) {
    std::deque<std::array<float, 2>> rows;
    std::deque<std::promise<Result<InferResponse>>> answers;
    executable->Close();
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = static_cast<float>(sent_++);
      rows.push_back({number, -number});
      auto& answer = answers.emplace_back();
      predictor_->Predict(
          {.model = model,
           .inputs = {{"x", {DType::kF32, {1, 2}, std::as_bytes(std::span(rows.back()))}}}},
          [&answer](Result<InferResponse> result) { answer.set_value(std::move(result)); });
    }
    executable->Open();
    for (std::size_t i = 0; i < count; ++i) {
      const Result<InferResponse> answer = answers[i].get_future().get();
      EXPECT_TRUE(answer.ok()) << answer.status().ToString();
      if (!answer.ok()) continue;
      const float alone = rows[i][0] - executable->shared * (rows[i][0] + rows[i][1]) / 2;
      EXPECT_THAT(answer->outputs[0].second.view().As<float>(),
                  testing::ElementsAre(alone, rows[i][1], 1));
    }
    return executable->TakeRuns();
  }

  void Start(PredictorOptions options = {}) {
    options.workers = 1;
    options.default_deadline = std::chrono::hours(1);
    predictor_ = Predictor::Create(options, clock);
  }

  FakeClock clock;
  std::shared_ptr<SlowModel> executable;
  ModelHandle model;

 private:
  std::unique_ptr<Predictor> predictor_;
  int sent_ = 1;
};

TEST_F(WorkerBatchingTest, RequestsThatWaitShareRunsOnceThatIsKnownToPay) {
  Start();
  for (int i = 0; i < 20; ++i) Serve(17);
  EXPECT_THAT(Serve(17), testing::Contains(Ge(8u)));
  EXPECT_GE(model->Batches().best_rows(), 8);
  EXPECT_GT(model->counters().BatchesEnded(BatchEnd::kTrial), 0u);
}

TEST_F(WorkerBatchingTest, WhereItDoesNotPayTheyRunAlone) {
  executable->shares_cost = false;
  Start();
  for (int i = 0; i < 20; ++i) Serve(17);
  EXPECT_THAT(Serve(17), Each(1u));
}

TEST_F(WorkerBatchingTest, RowsThatDependOnTheirNeighboursNeverMeet) {
  executable->shared = 1;
  Start();
  EXPECT_THAT(Serve(17), Each(Le(2u))) << "one of them beside made-up rows";
  EXPECT_THAT(Serve(17), Each(1u));
}

TEST_F(WorkerBatchingTest, ARunOfTooManyRowsIsNotTriedAgain) {
  executable->most_rows = 5;
  Start();
  for (int i = 0; i < 20; ++i) Serve(17);
  EXPECT_THAT(Serve(17), Each(Le(5u)));
}

TEST_F(WorkerBatchingTest, ItCanBeSwitchedOff) {
  Start({.shares_runs = false});
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Serve(17), Each(1u));
}

}  // namespace
}  // namespace slipway::serve
