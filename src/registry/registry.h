#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "package/store.h"

namespace slipway::registry {

/// One published version; it never changes.
struct ModelVersion {
  std::string model;
  std::int64_t version =
      0;  ///< 1, 2, 3, ... in the order of publishing, never used again after removal
  Digest package;
  std::uint64_t total_bytes = 0;
  std::int64_t created_unix_seconds = 0;
  std::vector<std::string> aliases;  ///< that point here, sorted
};

/// What happened to a model, oldest first: for `slipway history`.
struct Event {
  std::int64_t unix_seconds = 0;
  std::string model;
  std::string what;  ///< "published", "alias-set", "alias-removed", "removed"
  std::string detail;
};

struct GarbageReport {
  std::uint64_t blobs_removed = 0;
  std::uint64_t bytes_removed = 0;
  std::uint64_t blobs_kept = 0;
};

/// Names a version the way a user writes it: "mnist", "mnist:3", "mnist:prod" or
/// "mnist@sha256:...".
struct Reference {
  std::string model;
  std::optional<std::int64_t> version;
  std::string alias;
  std::optional<Digest> package;
};
Result<Reference> ParseReference(std::string_view text);

/// The catalogue of one store: SQLite in WAL mode over a BlobStore, in one folder (SLIPWAY_STORE,
/// else $XDG_DATA_HOME/slipway/store). Thread-safe; several processes may use one store. Publishing
/// follows law 7, so after a kill at any moment the store holds either the old or the new state.
class Registry {
 public:
  /// Creates the store if needed, migrates an older one (backup first) and finishes or undoes what
  /// a killed process left. FailedPrecondition: damaged (kStoreCorrupt, with recovery steps) or
  /// newer than this program (kStoreNewer).
  static Result<std::unique_ptr<Registry>> Open(const std::string& folder);
  virtual ~Registry() = default;

  virtual const package::BlobStore& blobs() const = 0;

  /// Adds the manifest as the model's next version; its blobs must be in the store. Publishing a
  /// package that is already the model's newest version gives that version again. The alias
  /// "latest" is implied and never stored.
  virtual Result<ModelVersion> Publish(const std::string& model,
                                       const package::Manifest& manifest) = 0;

  virtual Result<std::vector<ModelVersion>> List() = 0;  ///< by model, then version
  virtual Result<std::vector<ModelVersion>> ListVersions(const std::string& model) = 0;
  virtual Result<ModelVersion> Resolve(
      const Reference& reference) = 0;  ///< kModelNotFound with near names
  virtual Result<std::vector<Event>> History(const std::string& model) = 0;

  /// Points an alias at a version; the alias may exist. Aliases: the model-name pattern, not digits
  /// only, not "latest".
  virtual Status SetAlias(const std::string& model, const std::string& alias,
                          std::int64_t version) = 0;
  virtual Status RemoveAlias(const std::string& model, const std::string& alias) = 0;

  /// Removes one version, or all of a model when `version` is absent. Blobs go with
  /// CollectGarbage().
  virtual Status Remove(const std::string& model, std::optional<std::int64_t> version) = 0;

  /// Removes blobs that no version names and that are older than `minimum_age_seconds` (an
  /// unfinished publish keeps its own).
  virtual Result<GarbageReport> CollectGarbage(std::int64_t minimum_age_seconds, bool dry_run) = 0;

  Result<package::Package> Open(const ModelVersion& version) {
    return package::OpenPackage(blobs(), version.package);
  }
};

}  // namespace slipway::registry
