#include "engine/worker/suspect_inputs.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace slipway::engine {
namespace {

using std::chrono::seconds;
using Record = SuspectInputs::Record;

const MonotonicTime kStart{std::chrono::hours(1)};

TensorView Floats(std::span<const float> numbers, const Shape& shape) {
  return {DType::kF32, shape, std::as_bytes(numbers)};
}

Checksum Of(const TensorView& input) { return FingerprintsOf({&input, 1}, {}).front(); }

Checksum Numbered(std::uint64_t number) { return {.high = 0, .low = number}; }

Record RecordOf(SuspectInputs& suspects, std::uint64_t input, MonotonicTime now = kStart) {
  return suspects.Of(std::array{Numbered(input)}, now);
}

bool Accuse(SuspectInputs& suspects, std::uint64_t input, bool in_trial,
            MonotonicTime now = kStart) {
  return suspects.Accuse(std::array{Numbered(input)}, in_trial, now);
}

TEST(FingerprintsOf, TellTypesShapesAndBytesApart) {
  const std::array<float, 4> one = {1, 2, 3, 4};
  const std::array<float, 4> other = {1, 2, 3, 5};
  const TensorView view = Floats(one, {2, 2});
  EXPECT_EQ(Of(view), Of(Floats(one, {2, 2})));
  EXPECT_NE(Of(view), Of(Floats(other, {2, 2})));
  EXPECT_NE(Of(view), Of(Floats(one, {4})));
  EXPECT_NE(Of(view), Of({DType::kI32, {2, 2}, view.bytes}));
}

TEST(FingerprintsOf, TellWhichTensorHasTheBytes) {
  const std::array<float, 2> one = {1, 2};
  const std::array<float, 2> other = {3, 4};
  const std::array in_order = {Floats(one, {2}), Floats(other, {2})};
  const std::array exchanged = {Floats(other, {2}), Floats(one, {2})};
  EXPECT_NE(FingerprintsOf(in_order, {}), FingerprintsOf(exchanged, {}));
}

TEST(FingerprintsOf, RequestsThatShareARunAreWhatTheyAreAlone) {
  const std::array<float, 6> numbers = {1, 2, 3, 4, 5, 6};
  const std::array both = {Floats(numbers, {3, 2}), Floats(std::span(numbers).first(3), {3, 1})};
  const std::array first = {Floats(std::span(numbers).first(2), {1, 2}),
                            Floats(std::span(numbers).first(1), {1, 1})};
  const std::array second = {Floats(std::span(numbers).last(4), {2, 2}),
                             Floats(std::span(numbers).subspan(1, 2), {2, 1})};
  const std::vector<Checksum> shared = FingerprintsOf(both, std::array<std::int64_t, 2>{1, 2});
  ASSERT_EQ(shared.size(), 2U);
  EXPECT_EQ(shared[0], FingerprintsOf(first, {}).front());
  EXPECT_EQ(shared[1], FingerprintsOf(second, {}).front());
}

TEST(FingerprintsOf, RowsThatAreNotTheTensorsAreIgnored) {
  const std::array<float, 2> numbers = {1, 2};
  const std::array input = {Floats(numbers, {2})};
  for (const std::array<std::int64_t, 2>& rows :
       {std::array<std::int64_t, 2>{1, 2}, std::array<std::int64_t, 2>{0, 2}})
    EXPECT_EQ(FingerprintsOf(input, rows), FingerprintsOf(input, {}));
}

TEST(SuspectInputs, ThatEndTheProcessInTheirTrialAreRefused) {
  SuspectInputs suspects({});
  EXPECT_TRUE(suspects.IsEmpty());
  EXPECT_FALSE(Accuse(suspects, 1, false));
  EXPECT_EQ(RecordOf(suspects, 1), Record::kSuspect);
  EXPECT_TRUE(Accuse(suspects, 1, true));
  EXPECT_EQ(RecordOf(suspects, 1), Record::kRefused);
  EXPECT_EQ(RecordOf(suspects, 2), Record::kClear);
  EXPECT_FALSE(Accuse(suspects, 1, true)) << "it was refused before";
}

TEST(SuspectInputs, BesideOthersAreSuspectsHoweverOftenAProcessEnds) {
  SuspectInputs suspects({});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Accuse(suspects, 1, false));
  EXPECT_EQ(RecordOf(suspects, 1), Record::kSuspect);
  EXPECT_FALSE(suspects.Accuse(std::array{Numbered(1), Numbered(2)}, true, kStart));
  EXPECT_EQ(RecordOf(suspects, 1), Record::kSuspect) << "two shared a run";
}

TEST(SuspectInputs, ThatAreAnsweredAreCleared) {
  SuspectInputs suspects({});
  Accuse(suspects, 1, false);
  suspects.Clear(std::array{Numbered(1)});
  EXPECT_TRUE(suspects.IsEmpty());
}

TEST(SuspectInputs, TheWorstRecordCounts) {
  SuspectInputs suspects({});
  Accuse(suspects, 1, false);
  Accuse(suspects, 2, true);
  EXPECT_EQ(suspects.Of(std::array{Numbered(3), Numbered(2), Numbered(1)}, kStart),
            Record::kRefused);
}

TEST(SuspectInputs, AreForgottenWithTime) {
  SuspectInputs suspects({.age = seconds(10)});
  Accuse(suspects, 1, true);
  EXPECT_EQ(RecordOf(suspects, 1, kStart + seconds(9)), Record::kRefused);
  EXPECT_EQ(RecordOf(suspects, 1, kStart + seconds(10)), Record::kClear);
  EXPECT_TRUE(suspects.IsEmpty());
}

TEST(SuspectInputs, AreBoundedAndTheOldestSuspectsGoFirst) {
  SuspectInputs suspects({.most = 3});
  Accuse(suspects, 1, true, kStart);
  Accuse(suspects, 2, false, kStart + seconds(1));
  Accuse(suspects, 3, false, kStart + seconds(2));
  Accuse(suspects, 4, false, kStart + seconds(3));
  EXPECT_EQ(RecordOf(suspects, 1), Record::kRefused);
  EXPECT_EQ(RecordOf(suspects, 2), Record::kClear);
  EXPECT_EQ(RecordOf(suspects, 3), Record::kSuspect);
  EXPECT_EQ(RecordOf(suspects, 4), Record::kSuspect);
}

}  // namespace
}  // namespace slipway::engine
