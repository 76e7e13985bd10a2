#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "repository/layout.h"
#include "repository/model_settings.h"

namespace slipway::repository {

/// One model as a list of models names it.
struct ListedModel {
  std::string base_path;   ///< as written
  ModelSettings settings;  ///< with the name
  bool operator==(const ListedModel&) const = default;
};

/// TensorFlow Serving's models.config or OVMS' config.json.
struct ModelList {
  std::vector<ListedModel> models;
  std::vector<std::string> ignored;  ///< "pipeline_config_list: why"
  bool operator==(const ModelList&) const = default;
};

/// Reads a `model_config_list` in protobuf's text form. At most 10,000 models. InvalidArgument
/// (kInvalidPackage) with line and column as place: it is not such a text, a model without a name
/// or base path, one name twice. Pure.
Result<ModelList> ParseServingList(std::string_view text);
/// The same of OVMS' JSON, with the field as place.
Result<ModelList> ParseOvmsList(std::string_view text);

/// Whether a text holds a list of models of either form: where the words `model_config_list` stand
/// in it. Pure.
bool IsModelList(std::string_view text);
/// Of either form, told by the first character.
Result<ModelList> ParseModelList(std::string_view text);

/// The models of a list that lies in `folder`. A base path is relative to the folder, or absolute;
/// where there is nothing at an absolute one, as when it was written for a container, its last
/// parts are looked for beneath the folder. `beneath`: what leads out of the folder is refused.
/// Each base path is then a root of its own. Looks at disks; a model that cannot be read is in the
/// layout with its reason.
RepositoryLayout ReadListed(const ModelList& list, const std::string& folder, bool beneath);

}  // namespace slipway::repository
