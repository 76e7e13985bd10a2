#include "serve/http/admin_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "serve/control/load_parameters.h"

namespace slipway::serve {
namespace {

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Result<Json> ParseObject(std::string_view body, std::string_view what) {
  if (Trim(body).empty()) return Json::object();
  Result<Json> json = ParseJson(body);
  if (!json.ok()) return std::move(json).status().With(errors::kRequestNotJson).At(what);
  if (!json->is_object())
    return FieldInvalid(fmt::format("expected a JSON object, got {}", json->type_name())).At(what);
  return json;
}

Result<Json> ParseParameters(std::string_view body) {
  SLIPWAY_TRY(const Json request, ParseObject(body, "request body"));
  for (const auto& [key, value] : request.items()) {
    if (key == "parameters" && value.is_object()) continue;
    return FieldInvalid(key == "parameters"
                            ? "\"parameters\" must be an object"
                            : fmt::format("unknown field \"{}\": only \"parameters\" is known",
                                          Printable(key, 64)));
  }
  return request.contains("parameters") ? request["parameters"] : Json::object();
}

Status ReadVersion(const Json& value, LoadRequest& request) {
  if (value.is_number_integer()) return SetLoadVersion(value.get<std::int64_t>(), request);
  if (value.is_string()) return SetLoadVersion(value.get_ref<const std::string&>(), request);
  return FieldInvalid("parameter \"version\" must be a positive integer or an alias");
}

}  // namespace

Result<LoadRequest> ParseLoadRequest(std::string_view body) {
  SLIPWAY_TRY(const Json parameters, ParseParameters(body));
  LoadRequest request;
  for (const auto& [key, value] : parameters.items()) {
    if (key == "version") {
      SLIPWAY_RETURN_IF_ERROR(ReadVersion(value, request));
    } else if (key == "config") {
      if (!value.is_string())
        return FieldInvalid("parameter \"config\" must be a string that holds JSON");
      SLIPWAY_RETURN_IF_ERROR(SetLoadConfig(value.get_ref<const std::string&>(), request));
    } else {
      return UnknownLoadParameter(key);
    }
  }
  return request;
}

Result<bool> ParseUnloadRequest(std::string_view body) {
  SLIPWAY_TRY(const Json parameters, ParseParameters(body));
  bool with_dependents = false;
  for (const auto& [key, value] : parameters.items()) {
    if (key != "unload_dependents") {
      return UnknownUnloadParameter(key);
    }
    if (!value.is_boolean())
      return FieldInvalid("parameter \"unload_dependents\" must be true or false");
    with_dependents = value.get<bool>();
  }
  return with_dependents;
}

Result<bool> ParseIndexRequest(std::string_view body) {
  SLIPWAY_TRY(const Json request, ParseObject(body, "request body"));
  bool ready_only = false;
  for (const auto& [key, value] : request.items()) {
    if (key != "ready")
      return FieldInvalid(
          fmt::format("unknown field \"{}\": only \"ready\" is known", Printable(key, 64)));
    if (!value.is_boolean()) return FieldInvalid("\"ready\" must be true or false");
    ready_only = value.get<bool>();
  }
  return ready_only;
}

std::string EncodeIndex(std::span<const IndexRow> rows) {
  OrderedJson array = OrderedJson::array();
  for (const IndexRow& row : rows) {
    OrderedJson& shown = array.emplace_back(OrderedJson{{"name", row.name}});
    if (row.version > 0) shown["version"] = std::to_string(row.version);
    shown["state"] = row.state;
    shown["reason"] = row.reason;
  }
  return DumpJson(array);
}

std::string EncodeConfiguration(const Configuration& configuration) {
  OrderedJson facts = OrderedJson::object();
  for (const auto& [name, text] : configuration.facts) facts[name] = text;
  OrderedJson limits = OrderedJson::object();
  for (const Limit& limit : configuration.limits) {
    limits[limit.name] = {{"value", limit.value}, {"unit", limit.unit}, {"meaning", limit.meaning}};
    if (!limit.setting.empty()) limits[limit.name]["setting"] = limit.setting;
  }
  return DumpJson(OrderedJson{{"facts", std::move(facts)}, {"limits", std::move(limits)}});
}

Result<LogQuery> ParseLogQuery(std::string_view query) {
  LogQuery wished;
  std::uint64_t most = wished.most;
  for (const std::string_view pair : Split(query, '&')) {
    const std::string_view key = pair.substr(0, pair.find('='));
    std::uint64_t* const number = key == "after" ? &wished.after : key == "most" ? &most : nullptr;
    if (number == nullptr) continue;
    const std::string_view text = pair.substr(std::min(key.size() + 1, pair.size()));
    const std::optional<std::uint64_t> value = ParseUint64(text);
    if (!value) {
      return FieldInvalid(
          fmt::format("{} is a number in the query, got \"{}\"", key, Printable(text, 64)));
    }
    *number = *value;
  }
  wished.most = static_cast<std::size_t>(std::min<std::uint64_t>(most, kMostKeptLines));
  return wished;
}

std::string EncodeLog(const RecentLog& log) {
  OrderedJson lines = OrderedJson::array();
  for (const LoggedLine& line : log.lines) {
    lines.push_back({{"number", line.number},
                     {"ts", Rfc3339(line.time)},
                     {"level", LogLevelName(line.level)},
                     {"msg", line.message}});
  }
  return DumpJson(OrderedJson{{"lines", std::move(lines)}, {"last", log.last}});
}

}  // namespace slipway::serve
