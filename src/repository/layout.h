#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "repository/folder_snapshot.h"
#include "repository/model_settings.h"

namespace slipway::repository {

/// One version of a model in a folder.
struct FoundVersion {
  std::int64_t number = 1;
  std::string file;         ///< relative to the model's root; "": an ensemble, or a refusal
  std::string refusal;      ///< why it cannot be served
  std::string fingerprint;  ///< changes when a file of the version does: sizes and times
  bool operator==(const FoundVersion&) const = default;
};

/// One model in a folder.
struct FoundModel {
  std::string name;
  std::string root;    ///< nothing outside this folder belongs to the model
  std::string folder;  ///< with the version folders, relative to `root`; "" where that is the root
  std::string file;    ///< set where the model is one file, beneath `root`; no folders then
  ModelSettings settings;
  bool is_listed = false;  ///< the settings stand in a list of models, not in the model's folder
  std::vector<FoundVersion> versions;  ///< by number, each once
  std::string refusal;                 ///< why none of it can be served
  bool operator==(const FoundModel&) const = default;

  const FoundVersion* Find(std::int64_t version) const;
  std::vector<std::int64_t> Numbers() const;
  /// The versions that the policy selects. Pure.
  SelectedVersions Selected() const { return SelectVersions(settings.policy, Numbers()); }
};

/// What a folder of models is, and what is in it.
struct RepositoryLayout {
  static constexpr std::size_t kMaxModels = 10'000;

  enum class Kind {
    kEmpty,      ///< no model in any layout
    kTriton,     ///< MODEL/config.pbtxt, MODEL/1/model.onnx
    kBasePath,   ///< 1/ 2/ ...: the versions of one model
    kBasePaths,  ///< MODEL/1/ with any file names: base paths side by side
    kFiles,      ///< model files side by side
    kList,       ///< a list of models: models.config, config.json
  } kind = Kind::kEmpty;
  std::string path;
  std::vector<FoundModel> models;     ///< by name, each once
  std::vector<std::string> findings;  ///< what was passed over, and why
  bool operator==(const RepositoryLayout&) const = default;

  const FoundModel* Find(const std::string& name) const;
};

/// Recognises the layout and describes every model; a model that cannot be served is in it with its
/// reason. `name` is what the folder is called, for a base path. Pure.
RepositoryLayout Understand(const FolderSnapshot& snapshot, const std::string& name);

/// Describes one model of which name, root, folder or file, and listed settings are known. Pure.
FoundModel DescribeModel(const FolderSnapshot& snapshot, FoundModel model);
/// Looks at the files of a model again, and at those of no other. What ReadFolder() says.
Result<FoundModel> ReadAgain(const FoundModel& model);

}  // namespace slipway::repository
