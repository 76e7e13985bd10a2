#pragma once

#include <cstdint>

namespace slipway::serve {

/// Reads one JSON number at `text` into `value`, rounded to nearest even as std::from_chars does.
/// Returns where the number ends, or nullptr: not a JSON number, longer than kMaxNumberBytes, or
/// outside the type (a decimal too small for the type is zero, as IEEE rounds it). What follows the
/// number is not looked at.
///
/// Precondition: `text` < `end`, and 32 bytes are readable after `end`. A number that reaches past
/// `end` may be read whole or refused: a document never ends in a number.
///
/// Numbers of at most seven digits before and fifteen behind the point that fit 53 bits go a quick
/// way without unpredictable branches; all others go to std::from_chars.
const char* ReadDecimal(const char* text, const char* end, float& value);
const char* ReadDecimal(const char* text, const char* end, double& value);

/// The same for integers: digits only, no fraction, no exponent, no "-0".
const char* ReadInteger(const char* text, const char* end, std::int64_t& value);
const char* ReadInteger(const char* text, const char* end, std::uint64_t& value);

/// The slow twins of ReadDecimal(): the grammar by hand, the value by std::from_chars.
const char* ReadDecimalSlowly(const char* text, const char* end, float& value);
const char* ReadDecimalSlowly(const char* text, const char* end, double& value);

/// Where the JSON number at `text` ends, if its form is right; nullptr otherwise.
const char* EndOfNumber(const char* text, const char* end);

inline constexpr int kMaxNumberBytes = 128;

/// Writes the shortest text that reads back as the same value: "0.1", "1.0", "1e+07", "-0.0"; and
/// NaN, Infinity, -Infinity as bare words. Returns the end. Precondition: kMaxDecimalBytes are
/// writable.
char* WriteDecimal(char* out, float value);
char* WriteDecimal(char* out, double value);

inline constexpr int kMaxDecimalBytes = 32;

}  // namespace slipway::serve
