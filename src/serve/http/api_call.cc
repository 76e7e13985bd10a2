#include "serve/http/api_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

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

/// "250m": digits, at most eight, and a unit.
Result<std::chrono::nanoseconds> ParseTimeout(std::string_view text) {
  constexpr std::size_t kMaxDigits = 8;
  const auto* const unit =
      std::ranges::find(kTimeUnits, text.empty() ? '\0' : text.back(), &TimeUnit::letter);
  const std::optional<std::uint64_t> count =
      text.empty() ? std::nullopt : ParseUint64(text.substr(0, text.size() - 1));
  if (unit == kTimeUnits.end() || !count.has_value() || text.size() > kMaxDigits + 1) {
    return InvalidArgument(
               fmt::format("Slipway-Timeout \"{}\" is not a time", Printable(text, kShownBytes)))
        .With(errors::kRequestFieldInvalid)
        .Hint("write up to 8 digits and one of H M S m u n: \"250m\" is 250 milliseconds");
  }
  constexpr std::int64_t kMostHours = 100'000;  // no overflow of 64 bits; minutes cannot
  const auto number = static_cast<std::int64_t>(*count);
  return (unit->letter == 'H' ? std::min(number, kMostHours) : number) * unit->length;
}

}  // namespace

Result<std::string_view> ApiCall::ModelName() const {
  const std::string_view name = captures_["model"];
  if (IsModelName(name)) return name;
  return InvalidArgument(fmt::format("\"{}\" is not a model's name: {}",
                                     Printable(name, kShownBytes), kModelNamePattern))
      .With(errors::kRequestFieldInvalid);
}

Result<std::optional<std::int64_t>> ApiCall::Version() const {
  const std::string_view text = captures_["version"];
  if (text.empty()) return std::optional<std::int64_t>();
  const std::optional<std::int64_t> version = ParseInt64(text);
  if (version.has_value() && *version > 0 && text.front() != '0') return version;
  return InvalidArgument(fmt::format("\"{}\" is not a version: a positive integer",
                                     Printable(text, kShownBytes)))
      .With(errors::kRequestFieldInvalid);
}

Result<std::optional<MonotonicTime>> ApiCall::Deadline(
    std::optional<std::chrono::microseconds> wished) const {
  std::optional<std::chrono::nanoseconds> wait;
  if (wished.has_value() && wished->count() > 0)
    wait = std::min<std::chrono::nanoseconds>(*wished, parts().limits.max_deadline);
  if (const std::string_view* const header = head().Find("Slipway-Timeout")) {
    SLIPWAY_TRY(const std::chrono::nanoseconds timeout, ParseTimeout(*header));
    wait = std::min<std::chrono::nanoseconds>(
        {timeout, wait.value_or(timeout), parts().limits.max_deadline});
  }
  if (!wait.has_value()) return std::optional<MonotonicTime>();
  return std::optional<MonotonicTime>(exchange_->received() + *wait);
}

void ApiCall::Send(net::Response response) const {
  context_->metrics.Record(route_, response.status, parts().clock.Now() - exchange_->received());
  exchange_->Send(std::move(response));
}

void ApiCall::SendJson(std::string json) const {
  Send(net::Response::Text(200, "application/json", std::move(json)));
}

void ApiCall::Fail(const Status& status) const { Send(ErrorAnswer(status, form_)); }

void ApiCall::Answer(Result<net::Response> response) const {
  if (!response.ok()) return Fail(response.status());
  Send(std::move(*response));
}

}  // namespace slipway::serve
