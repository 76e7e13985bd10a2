#include "serve/model/resident_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Models of 4 MiB, the n-th of which answers n.
struct World {
  explicit World(std::uint64_t budget, bool pages = true)
      : models(std::make_shared<ResidentModels>(
            ResidentModels::Options{.budget = budget, .pages = pages}, clock)) {}

  static FakeExecutable::Behaviour Behaviour(int number) {
    return {.signature = FakeSignature(), .answer = static_cast<float>(number)};
  }

  ResidentModels::Paged Add(int number) { return Add(number, Behaviour(number)); }
  ResidentModels::Paged Add(int number, FakeExecutable::Behaviour behaviour,
                            std::uint64_t takes = 4 * kMiB) {
    const auto load = static_cast<std::uint64_t>(number);
    const MemoryNeed need{.own_bytes = 4 * kMiB, .shared_key = {}, .shared_bytes = 0};
    const MemoryNeed measured{.own_bytes = takes, .shared_key = {}, .shared_bytes = 0};
    const Status reserved = models->Reserve(load, need);
    EXPECT_TRUE(reserved.ok()) << reserved.ToString();
    clock.Advance(std::chrono::seconds(1));
    const auto make = [behaviour, this]() -> Result<std::unique_ptr<engine::Executable>> {
      if (!reload_error.ok()) return reload_error;
      return std::unique_ptr<engine::Executable>(std::make_unique<FakeExecutable>(behaviour));
    };
    return models->Arrive(load, measured, std::make_shared<FakeExecutable>(behaviour), make);
  }

  Result<float> Run(const engine::Executable& model) {
    clock.Advance(std::chrono::seconds(1));
    std::vector<TensorBuffer> inputs;
    inputs.push_back(TensorBuffer::Allocate(DType::kF32, Shape{1, 2}).value());
    const std::vector<TensorView> views = {inputs[0].view()};
    const std::vector<std::size_t> wanted = {0};
    std::vector<TensorBuffer> outputs(1);
    SLIPWAY_RETURN_IF_ERROR(model.Run(views, wanted, outputs));
    return outputs[0].As<float>()[0];
  }

  FakeClock clock;
  Status reload_error;
  std::shared_ptr<ResidentModels> models;
};

TEST(ResidentModels, WhatDoesNotFitTakesThePlaceOfWhatWasUsedLongestAgo) {
  World world(9 * kMiB);
  const auto first = world.Add(1);
  const auto second = world.Add(2);
  EXPECT_EQ(world.Run(*first.executable).value(), 1);  // the second one was used before it
  const auto third = world.Add(3);
  EXPECT_TRUE(first.residence->IsIn());
  EXPECT_FALSE(second.residence->IsIn());
  EXPECT_TRUE(third.residence->IsIn());
  EXPECT_EQ(world.models->Memory().held, 8 * kMiB);
  EXPECT_EQ(world.models->Memory().paged_out, 1U);
}

TEST(ResidentModels, OneThatLeftComesBackWithItsNextRun) {
  World world(9 * kMiB);
  const auto alive = std::make_shared<std::atomic<int>>(0);
  FakeExecutable::Behaviour behaviour = World::Behaviour(1);
  behaviour.alive = alive;
  const auto first = world.Add(1, behaviour);
  const auto second = world.Add(2);
  const auto third = world.Add(3);
  EXPECT_EQ(*alive, 0);
  EXPECT_EQ(first.executable->signature(), FakeSignature());
  EXPECT_EQ(world.Run(*first.executable).value(), 1);
  EXPECT_EQ(*alive, 1);
  EXPECT_FALSE(second.residence->IsIn());
  EXPECT_TRUE(third.residence->IsIn());
  EXPECT_EQ(world.models->Memory().paged_in, 1U);
  EXPECT_EQ(world.models->Memory().held, 8 * kMiB);
}

TEST(ResidentModels, WhatItsProcessSaysIsHeardWhileItIsIn) {
  World world(9 * kMiB);
  FakeExecutable::Behaviour behaviour = World::Behaviour(1);
  behaviour.outside = std::make_shared<FakeOutside>();
  behaviour.outside->size = 7;
  behaviour.outside->is_quarantined = true;
  behaviour.outside->suspects = {3};
  const std::vector<float> numbers = {3, 4};
  const TensorView input{DType::kF32, {1, 2}, std::as_bytes(std::span(numbers))};
  const auto first = world.Add(1, behaviour);
  const auto second = world.Add(2);
  ASSERT_NE(first.executable->outside(), nullptr);
  EXPECT_EQ(second.executable->outside(), nullptr);
  EXPECT_EQ(first.executable->outside()->condition().number(), errors::kEngineQuarantined);
  EXPECT_EQ(first.executable->outside()->bytes(), 7U);
  EXPECT_TRUE(first.executable->outside()->IsSuspect({&input, 1}));
  const auto third = world.Add(3);
  ASSERT_FALSE(first.residence->IsIn());
  EXPECT_TRUE(first.executable->outside()->condition().ok());
  EXPECT_EQ(first.executable->outside()->bytes(), 0U);
  EXPECT_FALSE(first.executable->outside()->IsSuspect({&input, 1}));
}

TEST(ResidentModels, OneThatRunsStays) {
  World world(9 * kMiB);
  std::promise<void> runs;
  std::promise<void> goes_on;
  FakeExecutable::Behaviour busy = World::Behaviour(1);
  busy.on_run = [&]() -> Status {
    runs.set_value();
    goes_on.get_future().wait();
    return {};
  };
  const auto first = world.Add(1, busy);
  const auto second = world.Add(2);
  std::jthread run([&] { EXPECT_EQ(world.Run(*first.executable).value(), 1); });
  runs.get_future().wait();
  const auto third = world.Add(3);
  EXPECT_TRUE(first.residence->IsIn());
  EXPECT_FALSE(second.residence->IsIn());
  goes_on.set_value();
}

TEST(ResidentModels, NobodyLeavesForWhatCannotFit) {
  World world(9 * kMiB);
  const auto first = world.Add(1);
  const Status refused =
      world.models->Reserve(2, {.own_bytes = 10 * kMiB, .shared_key = {}, .shared_bytes = 0});
  EXPECT_EQ(refused.number(), errors::kMemoryBudget);
  EXPECT_TRUE(first.residence->IsIn());
}

TEST(ResidentModels, OneThatTakesMoreThanTheBudgetStaysSinceItCouldNotComeBack) {
  World world(9 * kMiB);
  const auto large = world.Add(1, World::Behaviour(1), 10 * kMiB);
  EXPECT_EQ(large.residence, nullptr);
  EXPECT_EQ(
      world.models->Reserve(2, {.own_bytes = kMiB, .shared_key = {}, .shared_bytes = 0}).number(),
      errors::kMemoryBudget);
  EXPECT_EQ(world.Run(*large.executable).value(), 1);
}

TEST(ResidentModels, ALoadWaitsForOneUnderWayThatMayLeaveThen) {
  World world(9 * kMiB);
  ASSERT_TRUE(
      world.models->Reserve(1, {.own_bytes = 8 * kMiB, .shared_key = {}, .shared_bytes = 0}).ok());
  std::future<Status> second = std::async(std::launch::async, [&] {
    return world.models->Reserve(2, {.own_bytes = 8 * kMiB, .shared_key = {}, .shared_bytes = 0});
  });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  const auto first = world.models->Arrive(
      1, {.own_bytes = 4 * kMiB, .shared_key = {}, .shared_bytes = 0},
      std::make_shared<FakeExecutable>(World::Behaviour(1)),
      []() -> Result<std::unique_ptr<engine::Executable>> { return Internal("never"); });
  EXPECT_TRUE(second.get().ok());
  EXPECT_FALSE(first.residence->IsIn());
}

// The other load ends at any moment of this one's look for room.
TEST(ResidentModels, ALoadIsNotRefusedForOneThatJustEnded) {
  const MemoryNeed expected{.own_bytes = 8 * kMiB, .shared_key = {}, .shared_bytes = 0};
  const MemoryNeed measured{.own_bytes = 4 * kMiB, .shared_key = {}, .shared_bytes = 0};
  for (int round = 0; round < 1000; ++round) {
    World world(9 * kMiB);
    ASSERT_TRUE(world.models->Reserve(1, expected).ok());
    Status second;
    std::jthread other([&] { second = world.models->Reserve(2, expected); });
    const auto first = world.models->Arrive(
        1, measured, std::make_shared<FakeExecutable>(World::Behaviour(1)),
        []() -> Result<std::unique_ptr<engine::Executable>> { return Internal("never"); });
    other.join();
    ASSERT_TRUE(second.ok()) << second.ToString();
  }
}

TEST(ResidentModels, ALoadIsNotRefusedWhileAnotherMakesTheSameModelLeave) {
  const MemoryNeed need{.own_bytes = 2 * kMiB, .shared_key = {}, .shared_bytes = 0};
  for (int round = 0; round < 1000; ++round) {
    World world(5 * kMiB);
    const auto first = world.Add(1);  // 4 MiB
    Status outcomes[2];
    {
      std::jthread one([&] { outcomes[0] = world.models->Reserve(2, need); });
      std::jthread other([&] { outcomes[1] = world.models->Reserve(3, need); });
    }
    for (const Status& outcome : outcomes) ASSERT_TRUE(outcome.ok()) << outcome.ToString();
  }
}

TEST(ResidentModels, ThoseOfAServerThatDoesNotPageStay) {
  World strict(9 * kMiB, false);
  const auto first = strict.Add(1);
  const auto second = strict.Add(2);
  EXPECT_EQ(first.residence, nullptr);
  const Status refused =
      strict.models->Reserve(3, {.own_bytes = 4 * kMiB, .shared_key = {}, .shared_bytes = 0});
  EXPECT_EQ(refused.number(), errors::kMemoryBudget);
}

TEST(ResidentModels, OneThatCannotComeBackSaysSoAndComesLater) {
  World world(5 * kMiB);
  const auto first = world.Add(1);
  const auto second = world.Add(2);
  world.reload_error = Internal("the disk is gone");
  const Status refused = world.Run(*first.executable).status();
  EXPECT_EQ(refused.code(), Code::kUnavailable);
  EXPECT_THAT(refused.message(), HasSubstr("the disk is gone"));
  EXPECT_EQ(world.models->Memory().held, 0U) << "it had made room";
  world.reload_error = {};
  EXPECT_EQ(world.Run(*first.executable).value(), 1);
  EXPECT_EQ(world.models->Memory().held, 4 * kMiB);
}

TEST(ResidentModels, OneThatIsUnloadedIsForgotten) {
  World world(9 * kMiB);
  auto first = world.Add(1);
  first = {};
  world.models->Release(1);
  const auto second = world.Add(2);
  const auto third = world.Add(3);
  EXPECT_TRUE(second.residence->IsIn());
  EXPECT_EQ(world.models->Memory().paged_out, 0U);
}

TEST(ResidentModels, ThreadsGetTheirAnswersWhileModelsComeAndGo) {
  World world(9 * kMiB);  // room for two of three, and two threads
  std::vector<ResidentModels::Paged> models;
  for (int number = 1; number <= 3; ++number) models.push_back(world.Add(number));
  std::vector<std::jthread> threads;
  for (unsigned thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (unsigned i = 0; i < 3000; ++i) {
        const unsigned number = (i * (thread + 1)) % 3;
        const Result<float> answer = world.Run(*models[number].executable);
        ASSERT_TRUE(answer.ok()) << answer.status().ToString();
        ASSERT_EQ(*answer, static_cast<float>(number + 1));
      }
    });
  }
  threads.clear();
  EXPECT_LE(world.models->Memory().held, 9 * kMiB);
  EXPECT_GT(world.models->Memory().paged_in, 100U);
  for (std::uint64_t load = 1; load <= 3; ++load) world.models->Release(load);
  EXPECT_EQ(world.models->Memory().held, 0U) << "each came as often as it left, and was counted so";
}

}  // namespace
}  // namespace slipway::serve
