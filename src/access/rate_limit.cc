#include "access/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::access {
namespace {

constexpr double kMostPerSecond = 1e6;
constexpr double kLeastPerSecond = 1.0 / 3600;
constexpr double kMostBurst = 1e6;

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array kUnits = {Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600}};

Status NotARate(std::string_view text) {
  return InvalidArgument(fmt::format("\"{}\" is not a rate of requests", text))
      .With(errors::kUsage)
      .Hint("write 100, 100/s, 6000/m or 10/h: one an hour at least, a million a second at most");
}

std::chrono::nanoseconds Nanoseconds(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

bool IsPossible(const RateLimit& limit) {
  return limit.per_second >= kLeastPerSecond && limit.per_second <= kMostPerSecond &&
         limit.burst >= 1 && limit.burst <= kMostBurst;
}

Result<RateLimit> ParseRateLimit(std::string_view text, std::optional<double> burst) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view unit = slash == text.size() ? "s" : text.substr(slash + 1);
  const auto* const known = std::ranges::find(kUnits, unit, &Unit::name);
  const std::optional<double> count = ParseDouble(text.substr(0, slash));
  if (known == kUnits.end() || !count) return NotARate(text);
  RateLimit limit{.per_second = *count / known->seconds};
  limit.burst = std::max(1.0, limit.per_second);
  if (!IsPossible(limit)) return NotARate(text);
  limit.burst = burst.value_or(limit.burst);
  if (IsPossible(limit)) return limit;
  return InvalidArgument("a burst is 1 to 1,000,000 requests").With(errors::kUsage);
}

std::string Describe(const RateLimit& limit) {
  if (!limit.IsOn()) return "none";
  if (limit.per_second >= 1)
    return fmt::format("{:.6g}/s, {:.6g} at once", limit.per_second, limit.burst);
  return fmt::format("{:.6g}/h, {:.6g} at once", limit.per_second * 3600, limit.burst);
}

BucketStep Take(const RateLimit& limit, MonotonicTime full_at, MonotonicTime now) {
  const std::chrono::nanoseconds each = Nanoseconds(1 / limit.per_second);
  const std::chrono::nanoseconds depth = Nanoseconds((limit.burst - 1) / limit.per_second);
  const MonotonicTime from = std::max(full_at, now);
  if (from - now > depth) return {.full_at = full_at, .wait = from - now - depth};
  return {.full_at = from + each, .wait = {}};
}

}  // namespace slipway::access
