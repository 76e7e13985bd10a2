#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <latch>
#include <numeric>
#include <random>

#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;

/// x f32[N,W] -> y f32[N,3]: of each row its sum, its width and its last number. A run takes nine
/// milliseconds and one for each row.
class RaggedModel final : public engine::Executable {
 public:
  explicit RaggedModel(FakeClock& clock) : clock_(clock) {
    signature_.inputs[0].shape = {-1, -1};
    signature_.inputs[0].axis_names = {"batch", "width"};
  }
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    gate.wait();
    const std::span<const float> x = inputs[0].As<float>();
    const auto rows = static_cast<std::size_t>(inputs[0].shape[0]);
    const auto width = static_cast<std::size_t>(inputs[0].shape[1]);
    if (x.size() != rows * width) return Internal("the shape is not that of the numbers");
    for (std::size_t row = 0; row < rows; ++row) {
      const std::span<const float> numbers = x.subspan(row * width, width);
      const std::span<float> y = outputs[0].As<float>().subspan(row * 3);
      y[0] = std::accumulate(numbers.begin(), numbers.end(), 0.0F);
      y[1] = static_cast<float>(width);
      y[2] = numbers.back();
    }
    clock_.Advance(milliseconds(9) + milliseconds(rows));
    ++runs;
    return {};
  }

  mutable std::latch gate{1};
  mutable std::atomic<int> runs = 0;

 private:
  FakeClock& clock_;
  Signature signature_ = FakeSignature();
};

constexpr std::size_t kQuestions = 400;

struct Question {
  std::vector<float> numbers;
  std::int64_t rows = 1;
  std::int64_t width = 1;
  std::promise<Result<InferResponse>> answer;
};

/// Whole numbers, so that sums are exact; no two requests have the same.
void Fill(Question& question, std::mt19937& random, float first) {
  question.rows = std::uniform_int_distribution<std::int64_t>(1, 3)(random);
  question.width = std::uniform_int_distribution<std::int64_t>(1, 4)(random);
  question.numbers.resize(static_cast<std::size_t>(question.rows * question.width));
  std::iota(question.numbers.begin(), question.numbers.end(), first);
}

std::vector<float> Expected(const Question& question) {
  std::vector<float> y;
  const auto width = static_cast<std::size_t>(question.width);
  for (std::size_t at = 0; at < question.numbers.size(); at += width) {
    const auto row = std::span(question.numbers).subspan(at, width);
    y.insert(y.end(), {std::accumulate(row.begin(), row.end(), 0.0F),
                       static_cast<float>(question.width), row.back()});
  }
  return y;
}

/// Asks all at once and checks that everybody gets the answer to their own rows. Returns the runs.
int AskAll(RaggedModel& executable, const ServedModel::Parts& parts, FakeClock& clock,
           unsigned workers, unsigned seed) {
  const auto model = std::make_shared<const ServedModel>(parts);
  const auto predictor = Predictor::Create(
      {.workers = workers, .max_queued = kQuestions, .default_deadline = std::chrono::hours(100)},
      clock);
  std::mt19937 random(seed);
  std::deque<Question> questions(kQuestions);
  float first = 1;
  for (Question& question : questions) {
    Fill(question, random, first);
    first += static_cast<float>(question.numbers.size());
    predictor->Predict({.model = model,
                        .inputs = {{"x",
                                    {DType::kF32,
                                     {question.rows, question.width},
                                     std::as_bytes(std::span(question.numbers))}}}},
                       [&question](Result<InferResponse> result) {
                         question.answer.set_value(std::move(result));
                       });
  }
  executable.gate.count_down();
  for (Question& question : questions) {
    const Result<InferResponse> answer = question.answer.get_future().get();
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    if (!answer.ok()) continue;
    EXPECT_THAT(answer->outputs[0].second.view().As<float>(),
                testing::ElementsAreArray(Expected(question)));
  }
  return executable.runs;
}

ServedModel::Parts PartsOf(const std::shared_ptr<RaggedModel>& executable) {
  return {.name = "ragged",
          .signature = executable->signature(),
          .executable = executable,
          .output_memory = {OutputMemory::kFollowsBatch},
          .run_time = milliseconds(10),
          .learns_batches = true};
}

TEST(RaggedRequests, EverybodyGetsTheirOwnAnswerAndThoseOfOneShapeShareRuns) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    FakeClock clock;
    const auto executable = std::make_shared<RaggedModel>(clock);
    // One worker: by one clock, two would measure each other's runs.
    EXPECT_LT(AskAll(*executable, PartsOf(executable), clock, 1, seed), 300);
  }
}

TEST(RaggedRequests, EverybodyGetsTheirOwnAnswerFromSeveralWorkers) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    FakeClock clock;
    const auto executable = std::make_shared<RaggedModel>(clock);
    AskAll(*executable, PartsOf(executable), clock, 2, seed);
  }
}

TEST(RaggedRequests, ByConfigurationAnotherShapeClosesTheBatch) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    FakeClock clock;
    const auto executable = std::make_shared<RaggedModel>(clock);
    ServedModel::Parts parts = PartsOf(executable);
    parts.config = {.max_batch_size = 8, .dynamic_batching = DynamicBatching{}};
    parts.batch_rules = BatchRulesOf(parts.config);
    EXPECT_LT(AskAll(*executable, parts, clock, 2, seed), 400);
  }
}

}  // namespace
}  // namespace slipway::serve
