#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "package/manifest.h"
#include "repository/served_repository.h"
#include "serve/control/model_source.h"

namespace slipway::serve {

/// Makes a foreign model file servable, in a process of its own. Thread-safe; calls beyond what it
/// does at a time wait.
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
/// error and no deletion. Another list of models may take the place of what is there: first on
/// trial, when its models can be resolved and aliases are still those of before, then for good.
/// Thread-safe; an import holds up nobody but who asked for it.
class FolderSource final : public ModelSource {
 public:
  /// `importer` outlives this; imports are kept beneath `work_folder` while they are in use.
  /// What ReadRepository() says.
  static Result<std::unique_ptr<FolderSource>> Open(const std::string& path, FileImporter& importer,
                                                    const std::string& work_folder);

  /// The layout as it was seen last.
  repository::RepositoryLayout layout() const;
  /// What is looked at, for whoever looks at it too.
  std::shared_ptr<repository::ServedRepository> repository() const { return repository_; }

  /// What a list on trial asks for that the one before did not.
  struct ListChange {
    /// The versions that are wanted of models that are new, or whose place or policy is.
    std::map<std::string, std::vector<std::int64_t>> wanted;
    std::set<std::string> added;    ///< those of them that are new
    std::vector<std::string> gone;  ///< models that the list does not have
  };
  /// No other list may have a model of that name: one from elsewhere has it.
  void Reserve(const std::string& name);
  /// Puts `text`, a models.config, on trial. What ServedRepository::Consider() says;
  /// InvalidArgument (kInvalidPackage): a reserved name.
  /// FailedPrecondition (kModelNotReady): nothing of a new or changed model can be served, with its
  /// name. Nothing is on trial then.
  Result<ListChange> TryList(std::string_view text);
  void KeepList();  ///< what is on trial counts
  void DropList();  ///< it never did

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::vector<std::int64_t>> Wanted(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  using ImportKey = std::pair<std::string, std::int64_t>;
  struct Import {
    std::string fingerprint;  ///< of the file, and where it lies
    FileImporter::Imported imported;
    std::shared_ptr<const TemporaryDirectory> files;  ///< null: not imported yet
  };
  /// What there is to make a package of.
  struct Resolved {
    repository::FoundModel model;
    Import import;  ///< as it is kept for this file, or without files
  };

  FolderSource(std::shared_ptr<repository::ServedRepository> repository,
               repository::RepositoryLayout layout, FileImporter& importer, std::string work_folder)
      : repository_(std::move(repository)),
        importer_(importer),
        work_folder_(std::move(work_folder)),
        layout_(std::move(layout)) {}

  // All with mutex_ held.
  /// As it is now, by the list on trial where that has it.
  Result<repository::FoundModel> Look(const std::string& name) const;
  /// The same without what is on trial.
  Result<repository::FoundModel> LookAtKept(const std::string& name) const;
  Status LookAtAll() const;
  void ForgetImports() const;  ///< of what is in no list
  Result<Resolved> FindVersion(const std::string& name, std::int64_t version) const;

  // Without it.
  Result<Import> ImportVersion(const repository::FoundModel& model,
                               const repository::FoundVersion& version) const;

  const std::shared_ptr<repository::ServedRepository> repository_;
  FileImporter& importer_;
  const std::string work_folder_;
  mutable std::mutex mutex_;  // guards all below
  mutable repository::RepositoryLayout layout_;
  std::optional<repository::ServedRepository::Candidate> trial_;
  std::set<std::string> reserved_;
  mutable std::map<ImportKey, Import> imports_;
};

/// What a list is told whose new model has the name of one that another source serves.
Status ModelFromElsewhere(const std::string& name);

}  // namespace slipway::serve
