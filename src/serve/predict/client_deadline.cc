#include "serve/predict/client_deadline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kShownBytes = 64;

struct TimeUnit {
  char letter;
  std::chrono::nanoseconds length;
};
constexpr std::array<TimeUnit, 6> kTimeUnits = {{{'H', std::chrono::hours(1)},
                                                 {'M', std::chrono::minutes(1)},
                                                 {'S', std::chrono::seconds(1)},
                                                 {'m', std::chrono::milliseconds(1)},
                                                 {'u', std::chrono::microseconds(1)},
                                                 {'n', std::chrono::nanoseconds(1)}}};

}  // namespace

Result<std::chrono::nanoseconds> ParseTimeout(std::string_view header, std::string_view text) {
  constexpr std::size_t kMaxDigits = 8;
  const auto* const unit =
      std::ranges::find(kTimeUnits, text.empty() ? '\0' : text.back(), &TimeUnit::letter);
  const std::optional<std::uint64_t> count =
      text.empty() ? std::nullopt : ParseUint64(text.substr(0, text.size() - 1));
  if (unit == kTimeUnits.end() || !count.has_value() || text.size() > kMaxDigits + 1) {
    return InvalidArgument(
               fmt::format("{} \"{}\" is not a time", header, Printable(text, kShownBytes)))
        .With(errors::kRequestFieldInvalid)
        .Hint("write up to 8 digits and one of H M S m u n: \"250m\" is 250 milliseconds");
  }
  constexpr std::int64_t kMostHours = 100'000;  // no overflow of 64 bits; minutes cannot
  const auto number = static_cast<std::int64_t>(*count);
  return (unit->letter == 'H' ? std::min(number, kMostHours) : number) * unit->length;
}

std::optional<MonotonicTime> EarliestDeadline(MonotonicTime received,
                                              std::optional<std::chrono::nanoseconds> by_header,
                                              std::optional<std::chrono::microseconds> wished,
                                              std::chrono::nanoseconds longest) {
  std::optional<std::chrono::nanoseconds> wait = by_header;
  if (wished.has_value() && wished->count() > 0)
    wait = std::min<std::chrono::nanoseconds>(*wished, wait.value_or(*wished));
  if (!wait.has_value()) return std::nullopt;
  return received + std::min(*wait, longest);
}

}  // namespace slipway::serve
