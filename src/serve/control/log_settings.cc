#include "serve/control/log_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/shown_levels.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kFile = "log_file";
constexpr std::string_view kVerbose = "log_verbose_level";
constexpr std::string_view kFormat = "log_format";
constexpr std::array<std::string_view, 2> kFormats = {"default", "ISO8601"};

struct Level {
  std::string_view name;
  bool ShownLevels::* is_shown;
};
constexpr std::array kLevels = {Level{"log_info", &ShownLevels::info},
                                Level{"log_warning", &ShownLevels::warning},
                                Level{"log_error", &ShownLevels::error}};

Status Invalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

template <class Value>
Result<Value> ValueOf(const LogSetting& wish, std::string_view what) {
  if (const Value* const value = std::get_if<Value>(&wish.value)) return *value;
  return Invalid(fmt::format("{} is {}", wish.name, what));
}

Status CheckFile(const LogSetting& wish) {
  SLIPWAY_TRY(const std::string file, ValueOf<std::string>(wish, "a text"));
  if (file.empty()) return {};
  return Unimplemented("log_file is not changed over the network: the log goes to standard error");
}

Status Unknown(const std::string& name) {
  std::vector<std::string> names = {std::string(kFile), std::string(kVerbose),
                                    std::string(kFormat)};
  for (const Level& level : kLevels) names.emplace_back(level.name);
  Status unknown = Invalid(fmt::format("there is no log setting \"{}\"", Printable(name, 64)));
  const auto near = DidYouMean(name, names);
  return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
}

/// What a change makes of the log.
struct Changed {
  ShownLevels levels;
  std::uint64_t verbose_level = 0;
  std::string format;
};

Status Obey(const LogSetting& wish, Changed& changed) {
  for (const Level& level : kLevels) {
    if (wish.name != level.name) continue;
    SLIPWAY_TRY(changed.levels.*level.is_shown, ValueOf<bool>(wish, "true or false"));
    return {};
  }
  if (wish.name == kFile) return CheckFile(wish);
  if (wish.name == kVerbose) {
    SLIPWAY_TRY(changed.verbose_level, ValueOf<std::uint64_t>(wish, "a number, from 0 on"));
    changed.levels.debug = changed.verbose_level > 0;
    return {};
  }
  if (wish.name != kFormat) return Unknown(wish.name);
  SLIPWAY_TRY(changed.format, ValueOf<std::string>(wish, "a text"));
  if (std::ranges::find(kFormats, changed.format) != kFormats.end()) return {};
  return Invalid("log_format is \"default\" or \"ISO8601\"");
}

}  // namespace

std::vector<LogSetting> LogSettings::All() const {
  const ShownLevels levels = LevelsShown();
  const std::lock_guard lock(mutex_);
  std::vector<LogSetting> all = {{std::string(kFile), ""}};
  for (const Level& level : kLevels)
    all.push_back({std::string(level.name), levels.*level.is_shown});
  const std::uint64_t verbose = std::max<std::uint64_t>(told_.verbose_level, 1);
  all.push_back({std::string(kVerbose), levels.debug ? verbose : 0});
  all.push_back({std::string(kFormat), told_.format});
  return all;
}

Status LogSettings::Change(std::span<const LogSetting> wishes) {
  const std::lock_guard lock(mutex_);
  Changed changed{
      .levels = LevelsShown(), .verbose_level = told_.verbose_level, .format = told_.format};
  for (const LogSetting& wish : wishes) {
    const bool stays = std::holds_alternative<std::monostate>(wish.value);
    if (!stays) SLIPWAY_RETURN_IF_ERROR(Obey(wish, changed));
  }
  ShowLevels(changed.levels);
  told_ = {.verbose_level = changed.verbose_level, .format = std::move(changed.format)};
  return {};
}

}  // namespace slipway::serve
