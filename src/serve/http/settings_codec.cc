#include "serve/http/settings_codec.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"

namespace slipway::serve {
namespace {

Status FieldInvalid(std::string_view name, std::string_view what) {
  return InvalidArgument(fmt::format("{} is {}", Printable(name, 64), what))
      .With(errors::kRequestFieldInvalid);
}

Result<Json> ParseObject(std::string_view body) {
  Result<Json> request = ParseJson(body);
  if (!request.ok())
    return std::move(request).status().With(errors::kRequestNotJson).At("request body");
  if (request->is_object()) return request;
  return InvalidArgument("the request is not an object of settings")
      .With(errors::kRequestFieldInvalid);
}

Result<LogSetting> ReadLogSetting(const std::string& name, const Json& value) {
  if (value.is_null()) return LogSetting{name, {}};
  if (value.is_boolean()) return LogSetting{name, value.get<bool>()};
  if (value.is_number_unsigned()) return LogSetting{name, value.get<std::uint64_t>()};
  if (value.is_string()) return LogSetting{name, value.get<std::string>()};
  return FieldInvalid(name, "true, false, a whole number from 0 on or a text");
}

Result<TraceSetting> ReadTraceSetting(const std::string& name, const Json& value) {
  if (value.is_null()) return TraceSetting{name, {}};
  if (value.is_string()) return TraceSetting{name, {value.get<std::string>()}};
  TraceSetting setting{.name = name, .values = {}};
  if (!value.is_array() || value.empty()) return FieldInvalid(name, "a text, or an array of texts");
  for (const Json& each : value) {
    if (!each.is_string()) return FieldInvalid(name, "a text, or an array of texts");
    setting.values.push_back(each.get<std::string>());
  }
  return setting;
}

/// Every member of the object that `body` holds, as `read` has it.
template <class Setting>
Result<std::vector<Setting>> ReadAll(std::string_view body,
                                     Result<Setting> (*read)(const std::string&, const Json&)) {
  SLIPWAY_TRY(const Json request, ParseObject(body));
  std::vector<Setting> settings;
  for (const auto& [name, value] : request.items()) {
    SLIPWAY_TRY(Setting setting, read(name, value));
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace

Result<std::vector<LogSetting>> ParseLogSettings(std::string_view body) {
  return ReadAll<LogSetting>(body, ReadLogSetting);
}

std::string EncodeLogSettings(std::span<const LogSetting> settings) {
  OrderedJson json = OrderedJson::object();
  for (const LogSetting& setting : settings) {
    if (const bool* const is_on = std::get_if<bool>(&setting.value)) json[setting.name] = *is_on;
    if (const auto* const number = std::get_if<std::uint64_t>(&setting.value))
      json[setting.name] = *number;
    if (const auto* const text = std::get_if<std::string>(&setting.value))
      json[setting.name] = *text;
  }
  return DumpJson(json);
}

Result<std::vector<TraceSetting>> ParseTraceSettings(std::string_view body) {
  return ReadAll<TraceSetting>(body, ReadTraceSetting);
}

std::string EncodeTraceSettings(std::span<const TraceSetting> settings) {
  OrderedJson json = OrderedJson::object();
  for (const TraceSetting& setting : settings) {
    if (setting.name == "trace_level") {
      json[setting.name] = setting.values;
    } else {
      json[setting.name] = setting.values.front();
    }
  }
  return DumpJson(json);
}

}  // namespace slipway::serve
