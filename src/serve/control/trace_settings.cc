#include "serve/control/trace_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

using telemetry::TraceRule;
using telemetry::TraceWishes;

Status Invalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

/// The one value of a setting that has one.
Result<std::string> OnlyValue(const TraceSetting& wish) {
  if (wish.values.size() == 1) return wish.values.front();
  return Invalid(fmt::format("{} has one value", wish.name));
}

Result<std::int64_t> Number(const TraceSetting& wish, std::int64_t least) {
  SLIPWAY_TRY(const std::string text, OnlyValue(wish));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= least) return number;
  return Invalid(fmt::format("{} is a whole number from {} on, as a text, not \"{}\"", wish.name,
                             least, Printable(text, 64)));
}

Status SetLevel(const TraceSetting& wish, TraceWishes& wishes) {
  if (wish.values.empty()) {
    wishes.is_on.reset();
    return {};
  }
  bool is_on = true;
  for (const std::string& level : wish.values) {
    if (level == "TENSORS") {
      return Unimplemented("trace_level TENSORS: spans hold times, not tensors").Hint("TIMESTAMPS");
    }
    if (level != "OFF" && level != "TIMESTAMPS") return Invalid("trace_level is OFF or TIMESTAMPS");
    if (level == "OFF") is_on = false;
  }
  wishes.is_on = is_on;
  return {};
}

Status SetRate(const TraceSetting& wish, TraceWishes& wishes) {
  wishes.share.reset();
  if (wish.values.empty()) return {};
  SLIPWAY_TRY(const std::int64_t one_in, Number(wish, 0));
  wishes.share = one_in == 0 ? 0 : 1.0 / static_cast<double>(one_in);
  return {};
}

Status SetCount(const TraceSetting& wish, TraceWishes& wishes) {
  wishes.count.reset();
  if (wish.values.empty()) return {};
  SLIPWAY_TRY(wishes.count, Number(wish, -1));
  return {};
}

/// What always is as it is may be wished so.
Status Stays(const TraceSetting& wish, std::string_view always, std::string_view why) {
  if (wish.values.empty()) return {};
  SLIPWAY_TRY(const std::string value, OnlyValue(wish));
  return value == always ? Status() : Unimplemented(fmt::format("{}: {}", wish.name, why));
}

Status SetFile(const TraceSetting& wish, TraceWishes&) {
  return Stays(wish, "", "spans go to a collector, not to a file");
}
Status SetFrequency(const TraceSetting& wish, TraceWishes&) {
  return Stays(wish, "0", "spans go to a collector, not to files");
}
Status SetMode(const TraceSetting& wish, TraceWishes&) {
  return Stays(wish, "opentelemetry", "spans are OpenTelemetry's");
}

std::vector<std::string> LevelOf(const TraceRule& rule, bool exports) {
  return {exports && rule.is_on ? "TIMESTAMPS" : "OFF"};
}
std::vector<std::string> RateOf(const TraceRule& rule, bool) {
  return {std::to_string(rule.share > 0 ? std::llround(1 / rule.share) : 0)};
}
std::vector<std::string> CountOf(const TraceRule& rule, bool) {
  return {std::to_string(rule.count)};
}
std::vector<std::string> Nothing(const TraceRule&, bool) { return {""}; }
std::vector<std::string> Zero(const TraceRule&, bool) { return {"0"}; }
std::vector<std::string> OpenTelemetry(const TraceRule&, bool) { return {"opentelemetry"}; }

struct Row {
  std::string_view name;
  std::vector<std::string> (*values)(const TraceRule& rule, bool exports);
  Status (*set)(const TraceSetting& wish, TraceWishes& wishes);
};
constexpr std::array kSettings = {
    Row{"trace_file", Nothing, SetFile},      Row{"trace_level", LevelOf, SetLevel},
    Row{"trace_rate", RateOf, SetRate},       Row{"trace_count", CountOf, SetCount},
    Row{"log_frequency", Zero, SetFrequency}, Row{"trace_mode", OpenTelemetry, SetMode}};

Status Unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const Row& row : kSettings) names.emplace_back(row.name);
  Status unknown = Invalid(fmt::format("there is no trace setting \"{}\"", Printable(name, 64)));
  const auto near = DidYouMean(name, names);
  return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
}

Status Obey(const TraceSetting& wish, TraceWishes& wishes) {
  const auto* const row = std::ranges::find(kSettings, wish.name, &Row::name);
  return row == kSettings.end() ? Unknown(wish.name) : row->set(wish, wishes);
}

}  // namespace

Result<std::vector<TraceSetting>> TraceSettings::All(const std::string& model) const {
  SLIPWAY_RETURN_IF_ERROR(Check(model));
  const TraceRule rule = sampler_.RuleFor(model);
  std::vector<TraceSetting> all;
  for (const Row& row : kSettings)
    all.push_back({std::string(row.name), row.values(rule, sampler_.exports())});
  return all;
}

Status TraceSettings::Change(const std::string& model, std::span<const TraceSetting> wishes) {
  SLIPWAY_RETURN_IF_ERROR(Check(model));
  const TraceWishes before = sampler_.WishesFor(model);
  TraceWishes after = before;
  for (const TraceSetting& wish : wishes) SLIPWAY_RETURN_IF_ERROR(Obey(wish, after));
  // OFF is what it is anyway.
  TraceWishes without_off = after;
  if (after.is_on == false) without_off.is_on = before.is_on;
  if (!sampler_.exports() && without_off != before) {
    return FailedPrecondition("the server exports no traces")
        .Hint("start it with --otlp-endpoint and the URL of a collector");
  }
  if (sampler_.Wish(model, after)) return {};
  return ResourceExhausted(fmt::format("more than {} models have trace settings of their own",
                                       telemetry::TraceSampler::kMostModels));
}

Status TraceSettings::Check(const std::string& model) const {
  if (model.empty()) return {};
  const Status found = models_.Find(model, std::nullopt).status();
  return found.code() == Code::kNotFound ? found : Status();
}

}  // namespace slipway::serve
