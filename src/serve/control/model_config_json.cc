#include "serve/control/model_config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/control/config_fields.h"
#include "serve/control/sequence_config_json.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using Action = QueuePolicy::TimeoutAction;

constexpr std::uint64_t kMostTimeout = microseconds(std::chrono::hours(24)).count();

Status ReadAction(const Json& json, QueuePolicy& policy) {
  if (json == "REJECT" || json == 0) {
    policy.timeout_action = Action::kReject;
  } else if (json == "DELAY" || json == 1) {
    policy.timeout_action = Action::kDelay;
  } else {
    return ConfigInvalid("expected \"REJECT\" or \"DELAY\"");
  }
  return {};
}

constexpr ConfigField<QueuePolicy> kPolicyFields[] = {
    {"timeout_action", ReadAction},
    {"default_timeout_microseconds",
     [](const Json& json, QueuePolicy& policy) -> Status {
       SLIPWAY_TRY(const std::uint64_t timeout, ReadUnsigned(json, kMostTimeout));
       policy.default_timeout = microseconds(timeout);
       return {};
     }},
    {"allow_timeout_override",
     [](const Json& json, QueuePolicy& policy) -> Status {
       SLIPWAY_TRY(policy.allow_timeout_override, ReadBool(json));
       return {};
     }},
    {"max_queue_size",
     [](const Json& json, QueuePolicy& policy) -> Status {
       constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
       SLIPWAY_TRY(const std::uint64_t size, ReadUnsigned(json, kMost));
       policy.max_queue_size = static_cast<std::uint32_t>(size);
       return {};
     }},
};

Status ReadPolicies(const Json& json, DynamicBatching& batching) {
  return ForEachConfigField(json, [&](std::string_view name, const Json& value) -> Status {
    const std::optional<std::uint64_t> level = ParseUint64(name);
    if (!level.has_value() || *level == 0 || *level > ModelConfig::kMaxPriorityLevels)
      return ConfigInvalid("expected a priority level");
    QueuePolicy& policy = batching.policies[static_cast<std::uint32_t>(*level)];
    return ReadConfigObject<QueuePolicy>(value, kPolicyFields, policy);
  });
}

Status ReadPreferred(const Json& json, DynamicBatching& batching) {
  SLIPWAY_TRY(const std::vector<const Json*> elements, ConfigElements(json));
  for (const Json* element : elements) {
    SLIPWAY_TRY(const std::uint64_t size, ReadUnsigned(*element));
    batching.preferred_batch_sizes.push_back(static_cast<std::int64_t>(size));
  }
  std::ranges::sort(batching.preferred_batch_sizes);
  return {};
}

Result<std::uint32_t> ReadLevel(const Json& json) {
  SLIPWAY_TRY(const std::uint64_t level, ReadUnsigned(json, ModelConfig::kMaxPriorityLevels));
  return static_cast<std::uint32_t>(level);
}

constexpr ConfigField<DynamicBatching> kBatchingFields[] = {
    {"preferred_batch_size", ReadPreferred},
    {"max_queue_delay_microseconds",
     [](const Json& json, DynamicBatching& batching) -> Status {
       constexpr std::uint64_t kMost = microseconds(ModelConfig::kMaxQueueDelay).count();
       SLIPWAY_TRY(const std::uint64_t delay, ReadUnsigned(json, kMost));
       batching.max_queue_delay = microseconds(delay);
       return {};
     }},
    {"priority_levels",
     [](const Json& json, DynamicBatching& batching) -> Status {
       SLIPWAY_TRY(batching.priority_levels, ReadLevel(json));
       return {};
     }},
    {"default_priority_level",
     [](const Json& json, DynamicBatching& batching) -> Status {
       SLIPWAY_TRY(batching.default_priority, ReadLevel(json));
       return {};
     }},
    {"default_queue_policy",
     [](const Json& json, DynamicBatching& batching) {
       return ReadConfigObject<QueuePolicy>(json, kPolicyFields, batching.default_policy);
     }},
    {"priority_queue_policy", ReadPolicies},
};

Status PassOver(const Json&, ModelConfig&) { return {}; }

constexpr ConfigField<ModelConfig> kCacheFields[] = {
    {"enable",
     [](const Json& json, ModelConfig& config) -> Status {
       SLIPWAY_TRY(config.response_cache, ReadBool(json));
       return {};
     }},
};

Status ReadEnsemble(const Json& json, ModelConfig& config) {
  if (IsEmptyValue(json)) return {};
  Result<package::Ensemble> ensemble = package::EnsembleFromJson(json, "");
  if (!ensemble.ok()) return std::move(ensemble).status().With(errors::kRequestFieldInvalid);
  config.ensemble = *std::move(ensemble);
  return {};
}

constexpr ConfigField<ModelConfig> kConfigFields[] = {
    {"name", PassOver},
    {"platform", PassOver},
    {"backend", PassOver},
    {"runtime", PassOver},
    {"input", PassOver},
    {"output", PassOver},
    {"version_policy", PassOver},
    {"max_batch_size",
     [](const Json& json, ModelConfig& config) -> Status {
       constexpr std::uint64_t kMost = ModelConfig::kMaxBatchSize;
       SLIPWAY_TRY(const std::uint64_t size, ReadUnsigned(json, kMost));
       config.max_batch_size = static_cast<std::int64_t>(size);
       return {};
     }},
    {"dynamic_batching",
     [](const Json& json, ModelConfig& config) {
       return ReadConfigObject<DynamicBatching>(json, kBatchingFields,
                                                config.dynamic_batching.emplace());
     }},
    {"sequence_batching",
     [](const Json& json, ModelConfig& config) {
       return ReadSequenceBatching(json, config.sequence_batching.emplace());
     }},
    {"response_cache",
     [](const Json& json, ModelConfig& config) {
       return ReadConfigObject<ModelConfig>(json, kCacheFields, config);
     }},
    {"ensemble_scheduling", ReadEnsemble},
};

Status CheckPreferred(const ModelConfig& config) {
  for (const std::int64_t size : config.dynamic_batching->preferred_batch_sizes) {
    if (size >= 1 && size <= config.max_batch_size) continue;
    return ConfigInvalid(fmt::format("preferred_batch_size {} is not from 1 to max_batch_size, {}",
                                     size, config.max_batch_size));
  }
  return {};
}

Status CheckLevels(const DynamicBatching& batching) {
  const std::uint32_t levels = batching.priority_levels;
  const std::uint32_t by_default = batching.default_priority;
  if (levels > 0 ? by_default < 1 || by_default > levels : by_default > 0)
    return ConfigInvalid(fmt::format(
        "default_priority_level {} is not from 1 to priority_levels, {}", by_default, levels));
  if (!batching.policies.empty() && batching.policies.rbegin()->first > levels)
    return ConfigInvalid(fmt::format("priority_queue_policy has level {}, there are {}",
                                     batching.policies.rbegin()->first, levels));
  return {};
}

Status CheckWhole(const ModelConfig& config) {
  if (config.dynamic_batching.has_value() && config.sequence_batching.has_value())
    return ConfigInvalid("there is one scheduler: \"dynamic_batching\" or \"sequence_batching\"");
  if (config.ensemble && (config.dynamic_batching || config.sequence_batching))
    return ConfigInvalid("the models of an ensemble have schedulers, it has none itself");
  if (!config.dynamic_batching.has_value()) return {};
  SLIPWAY_RETURN_IF_ERROR(CheckPreferred(config));
  return CheckLevels(*config.dynamic_batching);
}

OrderedJson EncodePolicy(const QueuePolicy& policy) {
  return {{"timeout_action", policy.timeout_action == Action::kDelay ? "DELAY" : "REJECT"},
          {"default_timeout_microseconds", policy.default_timeout.count()},
          {"allow_timeout_override", policy.allow_timeout_override},
          {"max_queue_size", policy.max_queue_size}};
}

OrderedJson EncodeBatching(const DynamicBatching& batching) {
  OrderedJson policies = OrderedJson::object();
  for (const auto& [level, policy] : batching.policies)
    policies[std::to_string(level)] = EncodePolicy(policy);
  return {{"preferred_batch_size", batching.preferred_batch_sizes},
          {"max_queue_delay_microseconds", batching.max_queue_delay.count()},
          {"preserve_ordering", false},
          {"priority_levels", batching.priority_levels},
          {"default_priority_level", batching.default_priority},
          {"default_queue_policy", EncodePolicy(batching.default_policy)},
          {"priority_queue_policy", std::move(policies)}};
}

}  // namespace

Result<ModelConfig> ParseModelConfig(std::string_view json) {
  ModelConfig config;
  if (Trim(json).empty()) return config;
  Result<Json> parsed = ParseJson(json);
  if (!parsed.ok()) return std::move(parsed).status().With(errors::kRequestNotJson);
  SLIPWAY_RETURN_IF_ERROR(ReadConfigObject<ModelConfig>(*parsed, kConfigFields, config));
  SLIPWAY_RETURN_IF_ERROR(CheckWhole(config));
  return config;
}

Result<ModelConfig> ConfigOf(const package::Manifest& manifest) {
  const auto found = manifest.annotations.find(std::string(kConfigAnnotation));
  if (found == manifest.annotations.end()) return ModelConfig();
  Result<ModelConfig> config = ParseModelConfig(found->second);
  if (config.ok()) return config;
  return std::move(config)
      .status()
      .With(errors::kInvalidPackage)
      .At(fmt::format("annotation {}", kConfigAnnotation));
}

void AppendConfig(const ModelConfig& config, OrderedJson& document) {
  document["max_batch_size"] = config.max_batch_size;
  if (config.dynamic_batching.has_value())
    document["dynamic_batching"] = EncodeBatching(*config.dynamic_batching);
  if (config.sequence_batching.has_value())
    document["sequence_batching"] = EncodeSequenceBatching(*config.sequence_batching);
  if (config.response_cache) document["response_cache"] = {{"enable", true}};
}

}  // namespace slipway::serve
