#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "package/manifest.h"
#include "repository/read_repository.h"
#include "serve/control/model_source.h"

namespace slipway::serve {

/// Makes a foreign model file servable, in a process of its own. One call at a time.
class FileImporter {
 public:
  struct Imported {
    package::Manifest manifest;
    std::string graph_path;  ///< in the work folder
    std::vector<std::string> warnings;
  };

  virtual ~FileImporter() = default;
  /// Blocks for the time it takes, which is bounded. Errors as of an import on the command line.
  virtual Result<Imported> Import(const std::string& path, const std::string& work_folder) = 0;
};

/// The models in a folder of another server's layout, or of a list of models. What is asked for is
/// looked at again each time, a file is imported when it is first wanted and when it, or its
/// configuration, changed. A folder that cannot be read, or a model that is gone from it, is an
/// error and no deletion. Thread-safe; an import holds up other calls.
class FolderSource final : public ModelSource {
 public:
  /// `importer` outlives this; imports are kept beneath `work_folder` while they are in use.
  /// What ReadRepository() says.
  static Result<std::unique_ptr<FolderSource>> Open(const std::string& path, FileImporter& importer,
                                                    const std::string& work_folder);

  /// The layout as it was seen last.
  repository::RepositoryLayout layout() const;

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::vector<std::int64_t>> Wanted(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  struct Import {
    std::string fingerprint;
    FileImporter::Imported imported;
    std::shared_ptr<const TemporaryDirectory> files;
  };

  FolderSource(repository::RepositoryLayout layout, FileImporter& importer, std::string work_folder)
      : importer_(importer), work_folder_(std::move(work_folder)), layout_(std::move(layout)) {}

  // All with mutex_ held.
  Result<repository::FoundModel> Look(const std::string& name) const;
  Status LookAtAll() const;
  Result<const Import*> ImportVersion(const repository::FoundModel& model,
                                      const repository::FoundVersion& version) const;

  FileImporter& importer_;
  const std::string work_folder_;
  mutable std::mutex mutex_;  // guards all below
  mutable repository::RepositoryLayout layout_;
  mutable std::map<std::pair<std::string, std::int64_t>, Import> imports_;
};

}  // namespace slipway::serve
