#include "cli/quota_flags.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error_catalogue.h"

namespace slipway::cli {
namespace {

constexpr std::int64_t kMost = 1'000'000;

}  // namespace

Result<access::Quota> ReadQuota(const Arguments& arguments, std::string_view rate,
                                std::string_view burst, std::string_view in_flight) {
  access::Quota quota;
  std::optional<double> at_once;
  if (arguments.Given(burst)) {
    if (!arguments.Given(rate))
      return InvalidArgument(fmt::format("{} needs {}", burst, rate)).With(errors::kUsage);
    SLIPWAY_TRY(const std::int64_t count, arguments.Integer(burst, 1, kMost));
    at_once = static_cast<double>(count);
  }
  if (arguments.Given(rate)) {
    SLIPWAY_TRY(quota.rate, access::ParseRateLimit(arguments.Text(rate), at_once));
  }
  if (arguments.Given(in_flight)) {
    SLIPWAY_TRY(const std::int64_t count, arguments.Integer(in_flight, 1, kMost));
    quota.in_flight = static_cast<std::uint32_t>(count);
  }
  return quota;
}

}  // namespace slipway::cli
