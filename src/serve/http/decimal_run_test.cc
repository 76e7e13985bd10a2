#include "serve/http/decimal_run.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "serve/http/decimal.h"
#include "serve/http/last_digits.h"
#include "serve/http/padded_text.h"
#include "serve/http/separators.h"

namespace slipway::serve {
namespace {

const std::string kBefore(16, '9');

/// What the quick way says of "<text>,<text>,<filling>", read alone and as one of two: whether it
/// read `text`, and to which value.
template <class T>
void ExpectSame(const std::string& text) {
  const PaddedText padded(kBefore + text + "," + text + "," + std::string(64, ' '));
  const char* const at = padded.text().data() + kBefore.size();
  const char* const end = padded.text().data() + padded.text().size();
  T slow{};
  const bool is_number = ReadDecimalSlowly(at, end, slow) == at + text.size();
  for (const std::size_t count : {1U, 2U}) {
    std::vector<T> quick(count);
    const DecimalRun run = ReadDecimals(at, end, std::span<T>(quick));
    ASSERT_EQ(run.elements, is_number ? count : 0) << text;
    if (!is_number) return;
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    for (const T value : quick)
      EXPECT_EQ(std::bit_cast<Bits>(value), std::bit_cast<Bits>(slow)) << text;
  }
}

void ExpectSameOfBoth(const std::string& text) {
  ExpectSame<float>(text);
  ExpectSame<double>(text);
}

TEST(ReadDecimals, AgreesWithItsSlowTwinOnWhateverStandsBetweenSeparators) {
  std::mt19937 random(21);
  const std::string alphabet = "0123456789012345678900..e+- ";
  for (int i = 0; i < 300'000; ++i) {
    std::string text;
    for (unsigned n = 1 + random() % 22; n > 0; --n) text += alphabet[random() % alphabet.size()];
    if (text[0] == ' ') continue;
    ExpectSameOfBoth(text);
  }
}

TEST(ReadDecimals, AgreesWithItsSlowTwinOnNumbersOfEveryLength) {
  std::mt19937 random(22);
  const auto digits = [&](unsigned n) {
    std::string text;
    for (; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    return text;
  };
  for (unsigned whole = 1; whole < 22; ++whole) {
    for (unsigned fraction = 0; fraction < 22; ++fraction) {
      for (int i = 0; i < 100; ++i) {
        const std::string sign = random() % 2 == 0 ? "" : "-";
        ExpectSameOfBoth(sign + digits(whole) + (fraction == 0 ? "" : "." + digits(fraction)));
      }
    }
  }
}

TEST(ReadDecimals, AgreesWithItsSlowTwinOnHardNumbers) {
  for (const char* text : {"0",
                           "-0",
                           "-0.0",
                           "0.",
                           ".5",
                           "-",
                           "-.",
                           "-.5",
                           "1.",
                           "01",
                           "00.5",
                           "-01.5",
                           "1..5",
                           "1.5.",
                           "255.0",
                           "255",
                           "12345678",
                           "1234.678",
                           "123456789",
                           "9.9999999999999999",
                           "1.00000017881393433",
                           "1.00000017881393432",
                           "0.50000002980232239",
                           "16777217",
                           "16777217.0000001",
                           "9007199254740993",
                           "9.007199254740993",
                           "9.007199254740992",
                           "1e39",
                           "1.4e-45",
                           "7e-46",
                           "1.17549435e-38",
                           "1.17549428e-38",
                           "2.2250738585072011e-308",
                           "5e-324",
                           "2e-324",
                           "1e400",
                           "0.1234567890123456",
                           "0.12345678901234567",
                           "0.0000000000000001",
                           "0.30000001192092896",
                           "1:5",
                           "1/5",
                           "0.:",
                           "0.1/",
                           "0.123456:",
                           "0.12345678:",
                           "\x80.5"})
    ExpectSameOfBoth(text);
}

TEST(ReadDecimals, AgreesWithItsSlowTwinBetweenTwoFloats) {
  std::mt19937 random(23);
  for (int i = 0; i < 20'000; ++i) {
    // From 1 to 2, where neighbours and the middle between them have at most sixteen digits in
    // the text of a double.
    const auto bits = 0x3F800000U | static_cast<std::uint32_t>(random() & 0x7FFFFF);
    const double middle = static_cast<double>(std::bit_cast<float>(bits)) + 0x1p-24;
    for (const double value : {middle, middle - 0x1p-52, middle + 0x1p-52}) {
      char text[kMaxDecimalBytes];
      ExpectSameOfBoth({text, WriteDecimal(text, value)});
    }
  }
}

TEST(ReadDecimals, StopsAtTheFirstThingOfAnotherForm) {
  for (const char* other : {"x,", "1 ,", "],", "\"1\",", "NaN,", ",", "[1],", " 1,", "\n1,"}) {
    std::string text;
    for (int i = 0; i < 700; ++i) text += i % 3 == 0 ? "1.5, " : "1.5,";
    const std::size_t length = text.size();
    const PaddedText padded(kBefore + text + other + std::string(128, '1'));
    const char* const at = padded.text().data() + kBefore.size();
    std::vector<float> values(1000);
    const auto run =
        ReadDecimals(at, padded.text().data() + padded.text().size(), std::span<float>(values));
    EXPECT_EQ(run.elements, 700u) << other;
    EXPECT_EQ(run.after, at + length) << other;
  }
}

TEST(ReadDecimals, WritesNoMoreThanThereIsRoom) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "0.25,";
  const PaddedText padded(kBefore + text);
  const char* const at = padded.text().data() + kBefore.size();
  std::vector<float> values(7);
  const auto run =
      ReadDecimals(at, padded.text().data() + padded.text().size(), std::span<float>(values));
  EXPECT_EQ(run.elements, 7u);
  EXPECT_EQ(run.after, at + 35);
}

TEST(ReadDecimalRows, ReadsWholeRowsThatAnotherFollows) {
  std::string rows;
  for (int i = 0; i < 300; ++i) rows += i % 2 == 0 ? "[0.25,-1.5]," : "[0.5, 2.0], ";
  for (const char* other : {"[1,2,3],", "[1],", "[1,x],", "[1,2]]", "[[1,2]],", "1,2,", "[],",
                            "[1,2] ,", "[ 1,2],", "{}"}) {
    const PaddedText padded(kBefore + rows + other + std::string(128, '1'));
    const char* const at = padded.text().data() + kBefore.size();
    std::vector<float> values(1000);
    const auto run = ReadDecimalRows(at, padded.text().data() + padded.text().size(), 2,
                                     std::span<float>(values));
    const std::size_t whole = *other == '[' ? 300 : 299;
    EXPECT_EQ(run.elements, 2 * whole) << other;
    EXPECT_EQ(*run.after, '[') << other;
    EXPECT_EQ(values[3], 2.0F);
  }
}

TEST(FindSeparators, AgreesWithItsSlowTwin) {
  std::mt19937 random(24);
  for (const unsigned density : {1U, 2U, 5U, 30U}) {
    std::string text(16 * kSeparatorBlock, '0');
    for (char& c : text)
      c = random() % density == 0 ? ",]"[random() % 2] : static_cast<char>(random());
    std::vector<std::uint16_t> quick(text.size());
    std::vector<std::uint16_t> slow(text.size());
    quick.resize(FindSeparators(text.data(), 16, quick.data()));
    slow.resize(FindSeparatorsSlowly(text.data(), 16, slow.data()));
    EXPECT_EQ(quick, slow);
  }
}

TEST(ReadLastDigits, AgreesWithItsPortableTwin) {
  std::mt19937 random(25);
  for (int i = 0; i < 200'000; ++i) {
    char text[16];
    for (char& c : text) c = static_cast<char>('0' + random() % 10);
    if (random() % 2 == 0) text[random() % 16] = static_cast<char>(random());
    const std::size_t count = random() % (decimal::kMaxLastDigits + 1);
    std::uint64_t quick = 0;
    std::uint64_t slow = 0;
    const bool is_quick = decimal::ReadLastDigits(text + 16, count, quick);
    ASSERT_EQ(is_quick, decimal::ReadLastDigitsPortably(text + 16, count, slow));
    if (is_quick) {
      ASSERT_EQ(quick, slow);
    }
  }
}

}  // namespace
}  // namespace slipway::serve
