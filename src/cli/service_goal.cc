#include "cli/service_goal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::cli {

namespace {

using Row = std::pair<std::string_view, double>;

constexpr std::array kShares = {Row{"p50", 0.5},  Row{"p90", 0.9},     Row{"p95", 0.95},
                                Row{"p99", 0.99}, Row{"p99.9", 0.999}, Row{"max", 1}};
constexpr std::array kUnits = {Row{"us", 1e-6}, Row{"ms", 1e-3}, Row{"s", 1}};

std::optional<double> ParseDuration(std::string_view text) {
  for (const auto& [unit, scale] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = ParseDouble(text.substr(0, text.size() - unit.size()));
    if (number && *number > 0 && *number < 1e9) return *number * scale;
  }
  return std::nullopt;
}

}  // namespace

std::string ServiceGoal::Describe(unsigned concurrency, const LoadReport& report) const {
  return fmt::format("{} is missed with {} at a time: {}", text, concurrency,
                     HumanSeconds(report.Quantile(share)));
}

Result<ServiceGoal> ParseServiceGoal(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const auto share = std::ranges::find(kShares, text.substr(0, equals), &Row::first);
  const auto seconds = equals < text.size() ? ParseDuration(text.substr(equals + 1)) : std::nullopt;
  if (share == kShares.end() || !seconds) {
    return InvalidArgument(
               fmt::format("--slo takes a goal like p99=20ms, not \"{}\"", Printable(text, 64)))
        .With(errors::kUsage)
        .Hint("p50, p90, p95, p99, p99.9 or max; us, ms or s");
  }
  return ServiceGoal{.text = std::string(text), .share = share->second, .seconds = *seconds};
}

}  // namespace slipway::cli
