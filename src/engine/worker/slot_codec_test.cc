#include "engine/worker/slot_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/error_catalogue.h"

namespace slipway::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// x f32[N], t string[N] -> y f32[N], s string[N].
Signature TwoAndTwo() {
  return {.inputs = {{.name = "x", .shape = {-1}},
                     {.name = "t", .dtype = DType::kString, .shape = {-1}}},
          .outputs = {{.name = "y", .shape = {-1}},
                      {.name = "s", .dtype = DType::kString, .shape = {-1}}}};
}

struct Slot {
  std::unique_ptr<SlotHead> head = std::make_unique<SlotHead>();
  std::vector<std::byte> memory = std::vector<std::byte>(1 << 16);
  std::span<std::byte> region{memory};
};

/// A run as the server sees it, whose answer is wanted in place, or not.
struct GivenRun {
  explicit GivenRun(bool in_place) : outputs(2) {
    if (in_place) outputs[0] = TensorBuffer::Allocate(DType::kF32, {2}).value();
  }
  RunArguments Arguments() { return {signature, inputs, wanted, outputs, limits}; }

  const Signature signature = TwoAndTwo();
  const std::vector<float> x = {1, 2};
  const TensorBuffer t =
      TensorBuffer::FromStrings({2}, std::vector<std::string_view>{"left", ""}).value();
  const std::vector<TensorView> inputs = {{DType::kF32, {2}, std::as_bytes(std::span(x))},
                                          t.view()};
  const std::vector<std::size_t> wanted = {0, 1};
  std::vector<TensorBuffer> outputs;
  RunLimits limits{.max_bytes = 99,
                   .deadline = MonotonicTime(std::chrono::nanoseconds(123'456'789))};
};

/// y = x, s = t.
void Echo(const Signature& signature, Slot& slot) {
  ReceivedRun received = ReadRequest(*slot.head, slot.region).value();
  const TensorView x = received.inputs[0];
  if (received.outputs[0].bytes().empty())
    received.outputs[0] = TensorBuffer::Allocate(x.dtype, x.shape).value();
  std::ranges::copy(x.bytes, received.outputs[0].bytes().begin());
  received.outputs[1] = TensorBuffer::CopyOf(received.inputs[1]).value();
  WriteAnswer(signature, received, {}, *slot.head, slot.region);
}

TEST(SlotCodec, TensorsGoThereAndBack) {
  for (const bool in_place : {false, true}) {
    Slot slot;
    GivenRun run(in_place);
    ASSERT_TRUE(WriteRequest(run.Arguments(), *slot.head, slot.region).ok());
    Echo(run.signature, slot);
    const Answered answered = ReadAnswer(run.Arguments(), *slot.head, slot.region);
    ASSERT_TRUE(answered.status.ok()) << answered.status.ToString();
    EXPECT_THAT(run.outputs[0].As<float>(), ElementsAre(1, 2));
    EXPECT_THAT(UnpackStrings(run.outputs[1].view()).value(), ElementsAre("left", ""));
  }
}

TEST(SlotCodec, LimitsGoAlong) {
  Slot slot;
  GivenRun run(false);
  ASSERT_TRUE(WriteRequest(run.Arguments(), *slot.head, slot.region).ok());
  const ReceivedRun received = ReadRequest(*slot.head, slot.region).value();
  EXPECT_EQ(received.limits.max_bytes, run.limits.max_bytes);
  EXPECT_EQ(received.limits.deadline, run.limits.deadline);
}

TEST(SlotCodec, WhatDoesNotFitIsRefused) {
  Slot slot;
  slot.region = slot.region.first(64);
  GivenRun run(true);
  const Status status = WriteRequest(run.Arguments(), *slot.head, slot.region).status();
  EXPECT_EQ(status.number(), errors::kRunMemory);
}

// Fault C10: more than fits
TEST(SlotCodec, AnAnswerThatDoesNotFitIsAnErrorOfItsRun) {
  Slot slot;
  GivenRun run(false);
  ASSERT_TRUE(WriteRequest(run.Arguments(), *slot.head, slot.region).ok());
  slot.head->request.free_from = slot.region.size();
  Echo(run.signature, slot);
  const Answered answered = ReadAnswer(run.Arguments(), *slot.head, slot.region);
  EXPECT_FALSE(answered.is_nonsense);
  EXPECT_EQ(answered.status.number(), errors::kRunMemory);
}

TEST(SlotCodec, ALongErrorIsCutShort) {
  Slot slot;
  GivenRun run(false);
  ASSERT_TRUE(WriteRequest(run.Arguments(), *slot.head, slot.region).ok());
  WriteAnswer(run.signature, ReadRequest(*slot.head, slot.region).value(),
              Internal(std::string(1 << 20, '\x01')), *slot.head, slot.region);
  const Answered answered = ReadAnswer(run.Arguments(), *slot.head, slot.region);
  EXPECT_FALSE(answered.is_nonsense);
  EXPECT_EQ(answered.status.code(), Code::kInternal);
}

struct Damage {
  const char* name;
  void (*apply)(SlotHead& head);
};

class NonsenseTest : public ::testing::TestWithParam<Damage> {};

// Bad input W3: one damage at a time.
// Fault C10: another shape than promised
// Fault C12: one damage at a time
TEST_P(NonsenseTest, IsNotBelieved) {
  Slot slot;
  GivenRun run(true);
  ASSERT_TRUE(WriteRequest(run.Arguments(), *slot.head, slot.region).ok());
  Echo(run.signature, slot);
  GetParam().apply(*slot.head);
  const Answered answered = ReadAnswer(run.Arguments(), *slot.head, slot.region);
  EXPECT_TRUE(answered.is_nonsense);
  EXPECT_EQ(answered.status.number(), errors::kEngineWorkerEnded);
}

INSTANTIATE_TEST_SUITE_P(
    All, NonsenseTest,
    ::testing::Values(
        Damage{"Count", [](SlotHead& head) { head.answer.outputs = 3; }},
        Damage{"HugeError", [](SlotHead& head) { head.answer.error_bytes = ~0U; }},
        Damage{"NoError", [](SlotHead& head) { head.answer.error_bytes = 4; }},
        Damage{"Type", [](SlotHead& head) { head.outputs[0].dtype = 2; }},
        Damage{"NoType", [](SlotHead& head) { head.outputs[0].dtype = 0x101; }},
        Damage{"Rank", [](SlotHead& head) { head.outputs[0].rank = 17; }},
        Damage{"Negative", [](SlotHead& head) { head.outputs[0].dims[0] = -1; }},
        Damage{"Overflow",
               [](SlotHead& head) {
                 head.outputs[0].rank = 2;
                 head.outputs[0].dims[0] = head.outputs[0].dims[1] = std::int64_t{1} << 40;
               }},
        Damage{"Elsewhere",
               [](SlotHead& head) { head.outputs[0].offset = std::uint64_t{1} << 63; }},
        Damage{"PastTheEnd", [](SlotHead& head) { head.outputs[0].size = 1 << 17; }},
        Damage{"OtherShape",
               [](SlotHead& head) {
                 head.outputs[0].dims[0] = 1;
                 head.outputs[0].size = 4;
               }},
        Damage{"Strings", [](SlotHead& head) { head.outputs[1].size -= 1; }},
        Damage{"ManyStrings",
               [](SlotHead& head) { head.outputs[1].dims[0] = std::int64_t{1} << 60; }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace slipway::engine
