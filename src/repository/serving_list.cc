#include <fmt/format.h>
#include <tensorflow/model_server_config.pb.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "repository/model_list.h"
#include "repository/proto_text.h"

namespace slipway::repository {
namespace {

using Policy = tensorflow::serving::FileSystemStoragePathSourceConfig::ServableVersionPolicy;

VersionPolicy ReadPolicy(const Policy& policy) {
  switch (policy.policy_choice_case()) {
    case Policy::kAll:
      return {.kind = VersionPolicy::Kind::kAll, .versions = {}};
    case Policy::kSpecific:
      return {
          .kind = VersionPolicy::Kind::kSpecific,
          .versions = {policy.specific().versions().begin(), policy.specific().versions().end()}};
    case Policy::kLatest:
      return {.count = std::max<std::int64_t>(1, policy.latest().num_versions()), .versions = {}};
    case Policy::POLICY_CHOICE_NOT_SET:
      break;
  }
  return {};
}

ListedModel ReadModel(const tensorflow::serving::ModelConfig& config) {
  ListedModel model{.base_path = config.base_path(), .settings = {}};
  model.settings.name = config.name();
  model.settings.policy = ReadPolicy(config.model_version_policy());
  model.settings.version_labels = {config.version_labels().begin(), config.version_labels().end()};
  // The platform of every model in such a list is "tensorflow": the file says what it is.
  if (config.has_logging_config())
    model.settings.ignored.emplace_back("logging_config: requests are not recorded");
  return model;
}

}  // namespace

Result<ModelList> ParseServingList(std::string_view text) {
  tensorflow::serving::ModelServerConfig config;
  ModelList list;
  SLIPWAY_RETURN_IF_ERROR(ParseProtoText(text, config, list.ignored));
  for (const auto& model : config.model_config_list().config())
    list.models.push_back(ReadModel(model));
  return list;
}

}  // namespace slipway::repository
