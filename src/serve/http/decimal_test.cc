#include "serve/http/decimal.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace slipway::serve {
namespace {

template <class T>
struct Read {
  bool ok = false;
  std::size_t used = 0;
  T value{};
};

/// Reads from a copy with digits behind it, which must not be taken for the number's.
template <class T, class Reader>
Read<T> ReadBy(const std::string& text, Reader reader) {
  const std::string padded = text + ",7777777777777777";
  Read<T> read;
  const char* const after = reader(padded.data(), padded.data() + text.size() + 1, read.value);
  read.ok = after != nullptr;
  if (read.ok) read.used = static_cast<std::size_t>(after - padded.data());
  return read;
}

template <class T>
Read<T> Fast(const std::string& text) {
  return ReadBy<T>(text,
                   [](const char* a, const char* b, T& value) { return ReadDecimal(a, b, value); });
}
template <class T>
Read<T> Slow(const std::string& text) {
  return ReadBy<T>(
      text, [](const char* a, const char* b, T& value) { return ReadDecimalSlowly(a, b, value); });
}

template <class T>
void ExpectSame(const std::string& text) {
  const Read<T> fast = Fast<T>(text);
  const Read<T> slow = Slow<T>(text);
  ASSERT_EQ(fast.ok, slow.ok) << text;
  if (!fast.ok) return;
  EXPECT_EQ(fast.used, slow.used) << text;
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  EXPECT_EQ(std::bit_cast<Bits>(fast.value), std::bit_cast<Bits>(slow.value)) << text;
}

template <class T>
std::string Written(T value) {
  char text[kMaxDecimalBytes];
  return {text, WriteDecimal(text, value)};
}

TEST(ReadDecimal, ReadsWhatItWrote) {
  std::mt19937 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    const Read<float> read = Fast<float>(Written(value));
    ASSERT_TRUE(read.ok);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(read.value), std::bit_cast<std::uint32_t>(value));
  }
}

TEST(ReadDecimal, ReadsDoublesThatItWrote) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 50'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const Read<double> read = Fast<double>(Written(value));
    ASSERT_TRUE(read.ok);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read.value), std::bit_cast<std::uint64_t>(value));
  }
}

TEST(ReadDecimal, AgreesWithItsSlowTwin) {
  std::mt19937 random(9);
  const std::string alphabet = "0123456789012345678900.eE+-";
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (unsigned n = random() % 26; n > 0; --n) text += alphabet[random() % alphabet.size()];
    ExpectSame<float>(text);
    ExpectSame<double>(text);
  }
}

TEST(ReadDecimal, RoundsOnceWhereTheDoubleLiesBetweenTwoFloats) {
  // Decimals right above and below the middle of two floats: rounding to double first gives the
  // middle itself.
  for (const char* text :
       {"16777217", "16777217.0000001", "16777216.9999999", "1.00000017881393433",
        "1.00000017881393432", "9007199254740993", "0.50000002980232239", "8589973000.0000001",
        "8.589934592e9", "7.038531e-26"}) {
    ExpectSame<float>(text);
    ExpectSame<double>(text);
  }
}

TEST(ReadDecimal, GoesToZeroBelowTheTypeAndRefusesAboveIt) {
  EXPECT_EQ(Fast<float>("1e-60").value, 0.0F);
  EXPECT_TRUE(std::signbit(Fast<float>("-1e-60").value));
  EXPECT_EQ(Fast<double>("1e-400").value, 0.0);
  EXPECT_EQ(Fast<double>("0.0001e-99999999999999999999").value, 0.0);
  EXPECT_EQ(Fast<float>("1.4e-45").value, std::numeric_limits<float>::denorm_min());
  for (const char* text : {"1e39", "-3.5e38", "1e400", "1e99999999999999999999"})
    EXPECT_FALSE(Fast<float>(text).ok) << text;
  EXPECT_TRUE(Fast<double>("1e39").ok);
}

// Bad input J3: numbers that are not JSON's, too large or too long
TEST(ReadDecimal, RefusesWhatIsNoNumberOfJson) {
  for (const char* text : {"", "-", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "+1", "0x1",
                           "NaN", "Infinity", "--1", "1e5.5", "00"}) {
    const Read<float> read = Fast<float>(text);
    EXPECT_TRUE(!read.ok || read.used < std::string(text).size()) << text;
  }
  EXPECT_FALSE(Fast<double>(std::string(400, '1')).ok);
  EXPECT_FALSE(Fast<double>("0." + std::string(400, '1')).ok);
}

TEST(ReadInteger, TakesTheWholeRangeAndNoMore) {
  const auto read = [](const std::string& text) {
    return ReadBy<std::int64_t>(text, [](const char* a, const char* b, std::int64_t& value) {
      return ReadInteger(a, b, value);
    });
  };
  EXPECT_EQ(read("9223372036854775807").value, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(read("-9223372036854775808").value, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read("0").value, 0);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "01", "-0", "", "-",
                           "18446744073709551616", "1.5", "1e3"})
    EXPECT_FALSE(read(text).ok) << text;
}

TEST(WriteDecimal, IsTheShortestTextThatReadsBack) {
  EXPECT_EQ(Written(0.1F), "0.1");
  EXPECT_EQ(Written(1.0F), "1.0");
  EXPECT_EQ(Written(-0.0F), "-0.0");
  EXPECT_EQ(Written(1e7F), "1e+07");
  EXPECT_EQ(Written(0.1), "0.1");
  EXPECT_EQ(Written(16777216.0F), "16777216.0");
  EXPECT_EQ(Written(std::numeric_limits<float>::quiet_NaN()), "NaN");
  EXPECT_EQ(Written(-std::numeric_limits<double>::infinity()), "-Infinity");
}

}  // namespace
}  // namespace slipway::serve
