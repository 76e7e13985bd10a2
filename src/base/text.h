#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// The whole of `text` as a decimal integer (an optional leading '-' for signed types): nullopt for
/// anything else, overflow included. The only way numbers are read from outside text, beside
/// std::from_chars itself.
std::optional<std::int64_t> ParseInt64(std::string_view text);
std::optional<std::uint64_t> ParseUint64(std::string_view text);
/// A finite or non-finite decimal floating-point number, the whole of `text`.
std::optional<double> ParseDouble(std::string_view text);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

/// The candidate nearest to a mistyped word, if one is near enough to be meant (edit distance at
/// most a third of the length).
std::optional<std::string> DidYouMean(std::string_view word,
                                      std::span<const std::string> candidates);

/// "1.5 MiB", "340 B".
std::string HumanBytes(std::uint64_t bytes);
/// "41 ms", "1.2 s", "850 ns".
std::string HumanSeconds(double seconds);

/// The bytes of the well-formed UTF-8 sequence that `text` begins with, 1 to 4; 0: it begins with
/// none (empty, cut short, overlong, a surrogate, beyond U+10FFFF).
std::size_t Utf8SequenceLength(std::string_view text);
/// True if every byte sequence is well-formed UTF-8 (no overlong forms, no surrogates).
bool IsUtf8(std::string_view text);

/// A model's name: [A-Za-z0-9][A-Za-z0-9._-]{0,127}, not ending in a dot.
bool IsModelName(std::string_view text);
inline constexpr std::string_view kModelNamePattern = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";

}  // namespace slipway
