#include "serve/http/decimal_run.h"

#include <gtest/gtest.h>

#include <array>
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

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// What the quick way says of a list of nothing but `text`, which is read alone, by four, and by
/// four with others left: whether it read `text`, and to which value.
template <class T>
void ExpectSame(const std::string& text) {
  std::string list = kBefore;
  for (int i = 0; i < 7; ++i) list += text + ",";
  const PaddedText padded(list + std::string(64, ' '));
  const char* const at = padded.text().data() + kBefore.size();
  const char* const end = padded.text().data() + padded.text().size();
  T slow{};
  const bool is_number = ReadDecimalSlowly(at, end, slow) == at + text.size();
  for (const std::size_t count : {1U, 4U, 7U}) {
    std::vector<T> quick(count);
    const DecimalRun run = ReadDecimals(at, end, std::span<T>(quick));
    ASSERT_EQ(run.elements, is_number ? count : 0) << text;
    for (const T value : std::span(quick).first(run.elements))
      EXPECT_EQ(std::bit_cast<BitsOf<T>>(value), std::bit_cast<BitsOf<T>>(slow)) << text;
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

TEST(ReadDecimals, AgreesWithItsSlowTwinOnNeighboursOfAnyForm) {
  std::mt19937 random(26);
  const auto digits = [&](unsigned n) {
    std::string text(n, '0');
    for (char& c : text) c = static_cast<char>('0' + random() % 10);
    return text;
  };
  const auto number = [&](unsigned forms) {
    const std::string sign = random() % 3 == 0 ? "-" : "";
    switch (random() % forms) {
      case 0:
        return sign + std::to_string(random() % 256) + ".0";
      case 1:
        return sign + "0." + digits(1 + random() % 9);
      case 2:
        return sign + std::to_string(random() % 1000);
      case 3:
        return sign + "0." + digits(10 + random() % 11);
      case 4:
        return sign + std::to_string(1 + random() % 99'999'999) + "." + digits(1 + random() % 20);
      case 5:
        return sign + std::to_string(1 + random() % 9) + digits(random() % 18);
      default:
        return sign + digits(1).replace(0, 1, "1") + "." + digits(3) + "e-0" + digits(1);
    }
  };
  for (int list = 0; list < 2'000; ++list) {
    const std::size_t count = 1 + random() % 300;
    const unsigned forms = 1 + static_cast<unsigned>(random() % 7);
    std::string text = kBefore;
    for (std::size_t i = 0; i < count; ++i)
      text += number(forms) + (random() % 2 == 0 ? "," : ", ");
    const PaddedText padded(text + std::string(64, ' '));
    const char* at = padded.text().data() + kBefore.size();
    const char* const end = padded.text().data() + padded.text().size();
    std::vector<float> quick(count);
    const DecimalRun run = ReadDecimals(at, end, std::span<float>(quick));
    ASSERT_EQ(run.elements, count);
    for (const float value : quick) {
      float slow = 0;
      at = ReadDecimalSlowly(at, end, slow);
      ASSERT_NE(at, nullptr);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(slow));
      at += at[1] == ' ' ? 2 : 1;
    }
    ASSERT_EQ(run.after, at);
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
                           "0.0853938221931457",
                           "0.085393822193145751953125",
                           "0.08539382219314575195312512345",
                           "0.085393822193145751953125123456",
                           "0.0000000000000000000000000000001",
                           "0.0000000000000000",
                           "-0.000000000000000000",
                           "1.00000000000000000000",
                           "123456789012345.6789012345",
                           "1234567890123456",
                           "1234567890123456.5",
                           "12345678901234567",
                           "012345678901234567",
                           "00000000000000000.5",
                           "0.12345678901234.67",
                           "0.1234567890123456.7",
                           "0.12345678901234567.",
                           "1.000000059604644775390625",
                           "1.0000000596046447753906251",
                           "1.0000000596046447753906249",
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
    const std::array<float, 4> written = {0.25F, -1.5F, 0.5F, 2.0F};
    for (std::size_t i = 0; i < run.elements; ++i) ASSERT_EQ(values[i], written[i % 4]) << i;
  }
}

TEST(FindSeparators, AgreesWithItsSlowTwins) {
  std::mt19937 random(24);
  for (const unsigned density : {1U, 2U, 5U, 30U}) {
    std::string text(16 * kSeparatorBlock, '0');
    for (char& c : text)
      c = random() % density == 0 ? ",]"[random() % 2] : static_cast<char>(random());
    std::vector<std::uint16_t> quick(text.size());
    std::vector<std::uint16_t> portable(text.size());
    std::vector<std::uint16_t> slow(text.size());
    quick.resize(FindSeparators(text.data(), 16, quick.data()));
    portable.resize(FindSeparatorsPortably(text.data(), 16, portable.data()));
    slow.resize(FindSeparatorsSlowly(text.data(), 16, slow.data()));
    EXPECT_EQ(quick, slow);
    EXPECT_EQ(portable, slow);
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
