#include "serve/http/admin_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::array<std::string_view, 4> kIgnoredConfigKeys = {"name", "platform", "backend",
                                                                "max_batch_size"};

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

bool IsPositiveInteger(const Json& json) {
  return json.is_number_integer() && json.get<std::int64_t>() > 0;
}

Result<VersionChoice> ParseLatest(const Json& policy) {
  const Json count = policy.is_object() ? policy.value("num_versions", Json(1)) : Json(1);
  if (!IsPositiveInteger(count)) return FieldInvalid("\"num_versions\" must be a positive integer");
  return VersionChoice{.kind = VersionChoice::Kind::kLatest, .count = count.get<std::int64_t>()};
}

Result<VersionChoice> ParseSpecific(const Json& policy) {
  VersionChoice choice{.kind = VersionChoice::Kind::kSpecific};
  const Json versions = policy.is_object() ? policy.value("versions", Json()) : Json();
  if (!versions.is_array() || versions.empty() ||
      !std::ranges::all_of(versions, IsPositiveInteger)) {
    return FieldInvalid("\"versions\" must be a list of positive integers");
  }
  for (const Json& version : versions) choice.versions.push_back(version.get<std::int64_t>());
  return choice;
}

Result<VersionChoice> ParseVersionPolicy(const Json& policy) {
  if (policy.is_object() && policy.size() == 1) {
    const std::string kind = policy.items().begin().key();
    const Json& detail = policy[kind];
    if (kind == "latest") return ParseLatest(detail);
    if (kind == "all") return VersionChoice{.kind = VersionChoice::Kind::kAll};
    if (kind == "specific") return ParseSpecific(detail);
  }
  return FieldInvalid(
      "\"version_policy\" must be one of {\"latest\":{\"num_versions\":N}}, {\"all\":{}}, "
      "{\"specific\":{\"versions\":[...]}}");
}

Result<VersionChoice> ParseModelConfig(const Json& text) {
  if (!text.is_string())
    return FieldInvalid("parameter \"config\" must be a string that holds JSON");
  SLIPWAY_TRY(const Json config,
              ParseObject(text.get_ref<const std::string&>(), "parameter config"));
  VersionChoice choice;
  for (const auto& [key, value] : config.items()) {
    if (key == "version_policy") {
      SLIPWAY_TRY(choice, ParseVersionPolicy(value));
    } else if (std::ranges::find(kIgnoredConfigKeys, key) == kIgnoredConfigKeys.end()) {
      return FieldInvalid(
                 fmt::format(
                     "model config field \"{}\" cannot be set when loading: a package fixes it",
                     Printable(key, 64)))
          .Hint("only \"version_policy\" is obeyed");
    }
  }
  return choice;
}

Status ReadVersion(const Json& value, LoadRequest& request) {
  if (IsPositiveInteger(value)) {
    request.version = value.get<std::int64_t>();
    return {};
  }
  if (!value.is_string())
    return FieldInvalid("parameter \"version\" must be a positive integer or an alias");
  const std::string& text = value.get_ref<const std::string&>();
  request.version = ParseInt64(text);
  if (request.version.has_value() && *request.version > 0) return {};
  request.version.reset();
  if (!IsModelName(text))
    return FieldInvalid(
        fmt::format("\"{}\" is neither a version nor an alias", Printable(text, 64)));
  request.alias = text;
  return {};
}

}  // namespace

Result<LoadRequest> ParseLoadRequest(std::string_view body) {
  SLIPWAY_TRY(const Json parameters, ParseParameters(body));
  LoadRequest request;
  for (const auto& [key, value] : parameters.items()) {
    if (key == "version") {
      SLIPWAY_RETURN_IF_ERROR(ReadVersion(value, request));
    } else if (key == "config") {
      SLIPWAY_TRY(request.choice, ParseModelConfig(value));
    } else {
      return FieldInvalid(fmt::format("unknown load parameter \"{}\"", Printable(key, 64)))
          .Hint(
              "known: \"version\", \"config\"; publish new files with `slipway push` instead of "
              "sending them");
    }
  }
  return request;
}

Status CheckUnloadRequest(std::string_view body) {
  SLIPWAY_TRY(const Json parameters, ParseParameters(body));
  for (const auto& [key, value] : parameters.items()) {
    if (key != "unload_dependents") {
      return FieldInvalid(fmt::format("unknown unload parameter \"{}\"", Printable(key, 64)))
          .Hint("known: \"unload_dependents\"");
    }
    if (!value.is_boolean())
      return FieldInvalid("parameter \"unload_dependents\" must be true or false");
  }
  return {};
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
    array.push_back({{"name", row.name},
                     {"version", std::to_string(row.version)},
                     {"state", row.state},
                     {"reason", row.reason}});
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

}  // namespace slipway::serve
