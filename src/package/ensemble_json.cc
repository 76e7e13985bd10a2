#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "package/ensemble.h"
#include "package/json_fields.h"

namespace slipway::package {
namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::size_t kMaxMappings = 1000;

using Mapping = std::map<std::string, std::string>;

Result<std::optional<std::int64_t>> VersionFromJson(const Json* json, std::string_view path) {
  if (json == nullptr) return std::optional<std::int64_t>();
  std::optional<std::int64_t> version;
  if (json->is_string()) version = ParseInt64(json->get_ref<const std::string&>());
  if (json->is_number_unsigned()) {
    const auto number = json->get<std::uint64_t>();
    if (number <= static_cast<std::uint64_t>(INT64_MAX))
      version = static_cast<std::int64_t>(number);
  } else if (json->is_number_integer()) {
    version = json->get<std::int64_t>();
  }
  if (version == kLatest) return std::optional<std::int64_t>();
  if (version && *version > 0) return version;
  return InvalidField(path, "expected a positive version, or -1 for the latest");
}

Result<Mapping> MappingFromJson(const Json& json, const std::string& path) {
  if (!json.is_object()) return InvalidField(path, "expected a JSON object");
  if (json.size() > kMaxMappings)
    return InvalidField(path, fmt::format("at most {} tensors are supported", kMaxMappings));
  Mapping mapping;
  for (const auto& item : json.items()) {
    const std::string place = fmt::format("{}.{}", path, Printable(item.key(), 64));
    if (!item.value().is_string()) return InvalidField(place, "expected a tensor's name");
    const auto& tensor = item.value().get_ref<const std::string&>();
    if (item.key().empty() || tensor.empty()) return InvalidField(place, "a tensor needs a name");
    mapping[item.key()] = tensor;
  }
  return mapping;
}

Result<EnsembleStep> StepFromJson(const Json& json, const std::string& path) {
  SLIPWAY_TRY(const JsonFields fields,
              JsonFields::Of(
                  json, path,
                  {"model_name", "model_version", "model_namespace", "input_map", "output_map"}));
  EnsembleStep step;
  SLIPWAY_TRY(step.model, fields.String("model_name"));
  if (fields.Find("model_namespace") != nullptr) {
    SLIPWAY_TRY(step.server, fields.String("model_namespace"));
  }
  SLIPWAY_TRY(step.version,
              VersionFromJson(fields.Find("model_version"), fields.PathOf("model_version")));
  SLIPWAY_TRY(const Json* inputs, fields.Required("input_map"));
  SLIPWAY_TRY(step.input_map, MappingFromJson(*inputs, fields.PathOf("input_map")));
  SLIPWAY_TRY(const Json* outputs, fields.Required("output_map"));
  SLIPWAY_TRY(step.output_map, MappingFromJson(*outputs, fields.PathOf("output_map")));
  return step;
}

}  // namespace

OrderedJson EnsembleToJson(const Ensemble& ensemble) {
  OrderedJson steps = OrderedJson::array();
  for (const EnsembleStep& step : ensemble.steps) {
    OrderedJson& json =
        steps.emplace_back(OrderedJson{{"model_name", step.model},
                                       {"model_version", step.version.value_or(kLatest)},
                                       {"input_map", step.input_map},
                                       {"output_map", step.output_map}});
    if (!step.server.empty()) json["model_namespace"] = step.server;
  }
  return OrderedJson{{"step", std::move(steps)}};
}

Result<Ensemble> EnsembleFromJson(const Json& json, std::string_view path) {
  SLIPWAY_TRY(const JsonFields fields, JsonFields::Of(json, path, {"step"}));
  SLIPWAY_TRY(const Json* steps, fields.Required("step"));
  const std::string place = fields.PathOf("step");
  if (!steps->is_array() || steps->size() > kMaxEnsembleSteps) {
    return InvalidField(place,
                        fmt::format("expected an array of at most {} steps", kMaxEnsembleSteps));
  }
  Ensemble ensemble;
  for (const Json& each : *steps) {
    SLIPWAY_TRY(EnsembleStep step,
                StepFromJson(each, fmt::format("{}[{}]", place, ensemble.steps.size())));
    ensemble.steps.push_back(std::move(step));
  }
  return ensemble;
}

}  // namespace slipway::package
