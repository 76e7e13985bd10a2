#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "repository/model_list.h"

namespace slipway::repository {
namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxIgnored = 64;

struct IgnoredField {
  std::string_view name;
  std::string_view reason;
};
constexpr IgnoredField kIgnored[] = {
    {"mediapipe_config_list", "graphs are not run here"},
    {"pipeline_config_list", "pipelines are not run here: see `slipway ensemble`"},
    {"custom_node_library_config_list", "no code beside a model is loaded"},
    {"monitoring", "metrics are always at /metrics"},
    {"batch_size", "the model's own shape counts"},
    {"shape", "the model's own shape counts"},
    {"layout", "the model's own layout counts"},
    {"nireq", "one thread budget shares the cores among all models"},
    {"target_device", "models run on the CPU"},
    {"plugin_config", "they are another engine's settings"},
    {"allow_cache", "compiled models are not kept"},
};

Status Invalid(std::string message, std::string_view place) {
  return InvalidArgument(std::move(message)).With(errors::kInvalidPackage).At(place);
}

void Ignore(const std::string& name, std::vector<std::string>& ignored) {
  if (ignored.size() >= kMaxIgnored) return;
  const auto* known = std::ranges::find(kIgnored, std::string_view(name), &IgnoredField::name);
  ignored.push_back(fmt::format("{}: {}", Printable(name, 64),
                                known == std::end(kIgnored) ? "not used here" : known->reason));
}

Result<std::string> ReadText(const Json& json, std::string_view place) {
  if (!json.is_string()) return Invalid("expected a text", place);
  return json.get<std::string>();
}

Result<std::int64_t> ReadNumber(const Json& json, std::int64_t least, std::string_view place) {
  if (json.is_number_integer() &&
      !(json.is_number_unsigned() &&
        json.get<std::uint64_t>() >
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))) {
    const auto number = json.get<std::int64_t>();
    if (number >= least) return number;
  }
  return Invalid(fmt::format("expected an integer of at least {}", least), place);
}

Result<VersionPolicy> ReadPolicy(const Json& json) {
  constexpr std::string_view kPlace = "model_version_policy";
  if (!json.is_object() || json.size() != 1)
    return Invalid(R"(expected {"latest": ...}, {"all": ...} or {"specific": ...})", kPlace);
  const std::string& kind = json.begin().key();
  const Json& detail = json.begin().value();
  if (kind == "all") return VersionPolicy{.kind = VersionPolicy::Kind::kAll, .versions = {}};
  if (kind == "latest" && detail.is_object()) {
    VersionPolicy latest;
    const auto count = detail.find("num_versions");
    if (count != detail.end()) {
      SLIPWAY_TRY(latest.count, ReadNumber(*count, 1, kPlace));
    }
    return latest;
  }
  VersionPolicy specific{.kind = VersionPolicy::Kind::kSpecific, .versions = {}};
  if (kind != "specific" || !detail.is_object() || !detail.contains("versions") ||
      !detail["versions"].is_array())
    return Invalid(R"(expected {"latest": ...}, {"all": ...} or {"specific": ...})", kPlace);
  for (const Json& version : detail["versions"]) {
    SLIPWAY_TRY(specific.versions.emplace_back(), ReadNumber(version, 1, kPlace));
  }
  return specific;
}

Result<ListedModel> ReadModel(const Json& entry, std::vector<std::string>& ignored) {
  if (!entry.is_object() || !entry.contains("config") || !entry["config"].is_object())
    return Invalid(R"(expected {"config": {...}})", "model_config_list");
  ListedModel model;
  for (const auto& [key, value] : entry["config"].items()) {
    if (key == "name") {
      SLIPWAY_TRY(model.settings.name, ReadText(value, key));
    } else if (key == "base_path") {
      SLIPWAY_TRY(model.base_path, ReadText(value, key));
    } else if (key == "model_version_policy") {
      SLIPWAY_TRY(model.settings.policy, ReadPolicy(value));
    } else if (key == "stateful" && value == true) {
      model.settings.refusal =
          "it is stateful inside, and only states that are inputs and outputs are kept";
    } else {
      Ignore(key, model.settings.ignored);
    }
  }
  for (const auto& [key, value] : entry.items()) {
    if (key != "config") Ignore(key, ignored);
  }
  return model;
}

}  // namespace

Result<ModelList> ParseOvmsList(std::string_view text) {
  Result<Json> json = ParseJson(text, {.max_depth = kMaxDepth});
  if (!json.ok()) return std::move(json).status().With(errors::kInvalidPackage);
  if (!json->is_object()) return Invalid("expected an object", "configuration");
  ModelList list;
  for (const auto& [key, value] : json->items()) {
    if (key != "model_config_list") {
      Ignore(key, list.ignored);
      continue;
    }
    if (!value.is_array()) return Invalid("expected a list", key);
    for (const Json& entry : value) {
      SLIPWAY_TRY(list.models.emplace_back(), ReadModel(entry, list.ignored));
    }
  }
  return list;
}

}  // namespace slipway::repository
