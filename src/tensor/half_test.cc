// Half-precision numbers against their definition, over all 65536 of them.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tensor/tensor.h"

namespace slipway {
namespace {

/// A 16-bit format by its numbers, computed from the definition in double.
struct Format {
  int exponent_bits;
  int fraction_bits;
  float (*to_float)(std::uint16_t);
  std::uint16_t (*from_float)(float);

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  std::uint16_t infinity() const {
    return static_cast<std::uint16_t>(((1U << exponent_bits) - 1) << fraction_bits);
  }
  double Value(std::uint16_t bits) const {
    const unsigned exponent = (bits >> fraction_bits) & ((1U << exponent_bits) - 1);
    const double fraction = std::ldexp(bits & ((1U << fraction_bits) - 1), -fraction_bits);
    const double magnitude = exponent == 0
                                 ? std::ldexp(fraction, 1 - bias())
                                 : std::ldexp(1 + fraction, static_cast<int>(exponent) - bias());
    return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
  }
  bool IsNan(std::uint16_t bits) const { return (bits & 0x7fffU) > infinity(); }
  bool IsInfinite(std::uint16_t bits) const { return (bits & 0x7fffU) == infinity(); }
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Halves : public ::testing::TestWithParam<Format> {};

TEST_P(Halves, HaveTheValueOfTheirDefinition) {
  const Format& format = GetParam();
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = format.to_float(half);
    ASSERT_EQ(std::signbit(value), (bits & 0x8000U) != 0) << bits;
    if (format.IsNan(half)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else if (format.IsInfinite(half)) {
      ASSERT_TRUE(std::isinf(value)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(value), format.Value(half)) << bits;
    }
  }
}

TEST_P(Halves, SurviveFloat) {
  const Format& format = GetParam();
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::uint16_t again = format.from_float(format.to_float(half));
    if (format.IsNan(half)) {
      ASSERT_TRUE(format.IsNan(again)) << bits;
    } else {
      ASSERT_EQ(again, half);
    }
  }
}

TEST_P(Halves, RoundToTheNearestAndTiesToEven) {
  const Format& format = GetParam();
  for (std::uint16_t low = 0; low < format.infinity(); ++low) {
    const auto high = static_cast<std::uint16_t>(low + 1);
    const double middle = high == format.infinity()
                              ? format.Value(low) + (format.Value(low) - format.Value(low - 1)) / 2
                              : (format.Value(low) + format.Value(high)) / 2;
    const auto tie = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(tie), middle) << "ties are floats";
    ASSERT_EQ(format.from_float(tie), low % 2 == 0 ? low : high) << low;
    ASSERT_EQ(format.from_float(std::nextafterf(tie, 0)), low) << low;
    ASSERT_EQ(format.from_float(std::nextafterf(tie, kInfinity)), high) << low;
    ASSERT_EQ(format.from_float(-std::nextafterf(tie, kInfinity)), high | 0x8000U) << low;
  }
  EXPECT_EQ(format.from_float(std::numeric_limits<float>::max()), format.infinity());
}

INSTANTIATE_TEST_SUITE_P(Formats, Halves,
                         ::testing::Values(Format{5, 10, HalfToFloat, FloatToHalf},
                                           Format{8, 7, BFloat16ToFloat, FloatToBFloat16}),
                         [](const auto& format) {
                           return format.param.exponent_bits == 5 ? "F16" : "BF16";
                         });

TEST(FloatToBFloat16, KeepsANanOnlyInItsLowBitsANan) {
  const auto nan = std::bit_cast<float>(0x7f800001U);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(nan))));
  EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(nan))));
}

}  // namespace
}  // namespace slipway
