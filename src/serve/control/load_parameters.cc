#include "serve/control/load_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/control/model_config_json.h"

namespace slipway::serve {
namespace {

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Result<Json> ParseConfigObject(std::string_view text) {
  if (Trim(text).empty()) return Json::object();
  Result<Json> json = ParseJson(text);
  if (!json.ok())
    return std::move(json).status().With(errors::kRequestNotJson).At("parameter config");
  if (json->is_object()) return json;
  return FieldInvalid(fmt::format("expected a JSON object, got {}", json->type_name()))
      .At("parameter config");
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

}  // namespace

Status SetLoadConfig(std::string_view json, LoadRequest& request) {
  SLIPWAY_TRY(const Json config, ParseConfigObject(json));
  if (const auto policy = config.find("version_policy"); policy != config.end()) {
    SLIPWAY_TRY(request.choice, ParseVersionPolicy(*policy));
  }
  Result<ModelConfig> rest = ParseModelConfig(json);
  if (!rest.ok()) return std::move(rest).status().At("parameter config");
  request.config = std::move(*rest);
  return {};
}

Status SetLoadVersion(std::int64_t version, LoadRequest& request) {
  if (version <= 0)
    return FieldInvalid("parameter \"version\" must be a positive integer or an alias");
  request.version = version;
  return {};
}

Status SetLoadVersion(std::string_view text, LoadRequest& request) {
  const std::optional<std::int64_t> version = ParseInt64(text);
  if (version.has_value() && *version > 0) return SetLoadVersion(*version, request);
  if (!IsModelName(text))
    return FieldInvalid(
        fmt::format("\"{}\" is neither a version nor an alias", Printable(text, 64)));
  request.alias = text;
  return {};
}

Status UnknownLoadParameter(std::string_view key) {
  return FieldInvalid(fmt::format("unknown load parameter \"{}\"", Printable(key, 64)))
      .Hint(
          "known: \"version\", \"config\"; publish new files with `slipway push` instead of "
          "sending them");
}

Status UnknownUnloadParameter(std::string_view key) {
  return FieldInvalid(fmt::format("unknown unload parameter \"{}\"", Printable(key, 64)))
      .Hint("known: \"unload_dependents\"");
}

}  // namespace slipway::serve
