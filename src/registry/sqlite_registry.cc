#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <set>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"
#include "registry/catalogue.h"
#include "registry/registry.h"
#include "registry/resolve.h"
#include "registry/rows.h"

namespace slipway::registry {

namespace {

std::int64_t UnixNow() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Status CheckName(const std::string& model) {
  if (IsModelName(model)) return {};
  return InvalidArgument(fmt::format("\"{}\" cannot be a model's name", Printable(model, 160)))
      .With(errors::kUsage)
      .Hint(fmt::format("names look like {}", kModelNamePattern));
}

/// The manifest's text and every file of the package, its own first.
struct PackageFiles {
  std::string manifest_text;
  std::vector<package::Blob> blobs;
  std::uint64_t total_bytes = 0;
};

/// What is published must be readable again.
Result<PackageFiles> FilesOf(const package::Manifest& manifest) {
  PackageFiles files{.manifest_text = package::EncodeManifest(manifest)};
  SLIPWAY_RETURN_IF_ERROR(package::DecodeManifest(files.manifest_text).status());
  files.blobs = package::BlobsOf(manifest);
  files.blobs.insert(files.blobs.begin(),
                     {Sha256Of(files.manifest_text), files.manifest_text.size()});
  for (const package::Blob& blob : files.blobs) {
    const auto total = CheckedAdd(files.total_bytes, blob.size);
    if (!total)
      return InvalidArgument("the package's sizes overflow").With(errors::kInvalidPackage);
    files.total_bytes = *total;
  }
  return files;
}

/// Between adding its files and publishing, a collector may have been run without a minimum age.
Status CheckPresent(const package::BlobStore& store, const std::vector<package::Blob>& blobs) {
  for (const package::Blob& blob : blobs) {
    const Result<std::uint64_t> size = store.SizeOf(blob.digest);
    if (size.ok() && *size == blob.size) continue;
    return FailedPrecondition(fmt::format("the store has no file {} of {} bytes",
                                          blob.digest.ToString(), blob.size))
        .With(errors::kInvalidPackage)
        .Hint("add the package's files to the store, then publish");
  }
  return {};
}

class SqliteRegistry final : public Registry {
 public:
  SqliteRegistry(package::BlobStore blobs, Catalogue catalogue)
      : blobs_(std::move(blobs)), catalogue_(std::move(catalogue)) {}

  const package::BlobStore& blobs() const override { return blobs_; }

  Result<ModelVersion> Publish(const std::string& model,
                               const package::Manifest& manifest) override;
  Result<std::vector<ModelVersion>> List() override;
  Result<std::vector<ModelVersion>> ListVersions(const std::string& model) override;
  Result<ModelVersion> Resolve(const Reference& reference) override;
  Result<std::vector<Event>> History(const std::string& model) override;
  Status SetAlias(const std::string& model, const std::string& alias,
                  std::int64_t version) override;
  Status RemoveAlias(const std::string& model, const std::string& alias) override;
  Status Remove(const std::string& model, std::optional<std::int64_t> version) override;
  Result<GarbageReport> CollectGarbage(std::int64_t minimum_age_seconds, bool dry_run) override;

 private:
  /// Runs `body(Database&)` alone in this process.
  template <class Body>
  auto Read(Body body) -> decltype(body(std::declval<Database&>())) {
    std::lock_guard lock(mutex_);
    SLIPWAY_TRY(Database * database, catalogue_.Connect());
    return body(*database);
  }
  /// Runs `body(Database&)` alone among all writers, and keeps what it wrote if it succeeds.
  template <class Body>
  Status Write(Body body) {
    std::lock_guard lock(mutex_);
    SLIPWAY_TRY(Database * database, catalogue_.Connect());
    SLIPWAY_TRY(Transaction transaction, Transaction::Begin(*database));
    SLIPWAY_RETURN_IF_ERROR(body(*database));
    return transaction.Commit();
  }
  /// The versions of a model that has some.
  static Result<std::vector<ModelVersion>> VersionsOf(Database& database, const std::string& model);
  Status CommitVersion(Database& database, const PackageFiles& files, ModelVersion& version) const;
  Status SweepBlobs(Database& database, std::int64_t minimum_age_seconds, bool dry_run,
                    GarbageReport& report) const;

  const package::BlobStore blobs_;
  std::mutex mutex_;  ///< one connection serves one thread at a time; calls take milliseconds
  Catalogue catalogue_;
};

Result<std::vector<ModelVersion>> SqliteRegistry::VersionsOf(Database& database,
                                                             const std::string& model) {
  SLIPWAY_RETURN_IF_ERROR(CheckName(model));
  SLIPWAY_TRY(std::vector<ModelVersion> versions, SelectVersions(database, model));
  if (!versions.empty()) return versions;
  SLIPWAY_TRY(const std::vector<std::string> names, SelectModelNames(database));
  return NoSuchModel(model, names);
}

Result<ModelVersion> SqliteRegistry::Publish(const std::string& model,
                                             const package::Manifest& manifest) {
  SLIPWAY_RETURN_IF_ERROR(CheckName(model));
  SLIPWAY_TRY(const PackageFiles files, FilesOf(manifest));
  SLIPWAY_FAILPOINT("publish.start");
  SLIPWAY_TRY(const package::Blob stored,
              blobs_.Add(std::as_bytes(std::span(files.manifest_text))));
  SLIPWAY_FAILPOINT("publish.after_manifest");
  ModelVersion version{.model = model, .package = stored.digest, .total_bytes = files.total_bytes};
  SLIPWAY_RETURN_IF_ERROR(
      Write([&](Database& database) { return CommitVersion(database, files, version); }));
  SLIPWAY_FAILPOINT("publish.after_commit");
  return version;
}

Status SqliteRegistry::CommitVersion(Database& database, const PackageFiles& files,
                                     ModelVersion& version) const {
  SLIPWAY_FAILPOINT("publish.after_begin");
  SLIPWAY_TRY(std::vector<ModelVersion> versions, SelectVersions(database, version.model));
  if (!versions.empty() && versions.back().package == version.package) {
    version = std::move(versions.back());
    return {};
  }
  SLIPWAY_RETURN_IF_ERROR(CheckPresent(blobs_, files.blobs));
  SLIPWAY_TRY(version.version, TakeNextVersion(database, version.model));
  version.created_unix_seconds = UnixNow();
  SLIPWAY_RETURN_IF_ERROR(InsertVersion(database, version, files.blobs));
  SLIPWAY_RETURN_IF_ERROR(
      InsertEvent(database, version.model, "published",
                  fmt::format("version {}, {}", version.version, version.package.ToString())));
  SLIPWAY_FAILPOINT("publish.after_insert");
  return {};
}

Result<std::vector<ModelVersion>> SqliteRegistry::List() {
  return Read([](Database& database) { return SelectVersions(database, ""); });
}

Result<std::vector<ModelVersion>> SqliteRegistry::ListVersions(const std::string& model) {
  return Read([&](Database& database) { return VersionsOf(database, model); });
}

Result<ModelVersion> SqliteRegistry::Resolve(const Reference& reference) {
  return Read([&](Database& database) -> Result<ModelVersion> {
    SLIPWAY_TRY(const std::vector<ModelVersion> versions, VersionsOf(database, reference.model));
    return PickVersion(reference, versions);
  });
}

Result<std::vector<Event>> SqliteRegistry::History(const std::string& model) {
  return Read([&](Database& database) -> Result<std::vector<Event>> {
    SLIPWAY_RETURN_IF_ERROR(CheckName(model));
    SLIPWAY_TRY(std::vector<Event> events, SelectEvents(database, model));
    if (!events.empty()) return events;
    SLIPWAY_TRY(const std::vector<std::string> names, SelectModelNames(database));
    return NoSuchModel(model, names);
  });
}

Status SqliteRegistry::SetAlias(const std::string& model, const std::string& alias,
                                std::int64_t version) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlias(alias));
  return Write([&](Database& database) -> Status {
    SLIPWAY_TRY(const std::vector<ModelVersion> versions, VersionsOf(database, model));
    SLIPWAY_TRY(const ModelVersion target,
                PickVersion({.model = model, .version = version}, versions));
    if (std::ranges::find(target.aliases, alias) != target.aliases.end()) return {};
    SLIPWAY_RETURN_IF_ERROR(PutAlias(database, model, alias, version));
    return InsertEvent(database, model, "alias-set", fmt::format("{} -> {}", alias, version));
  });
}

Status SqliteRegistry::RemoveAlias(const std::string& model, const std::string& alias) {
  return Write([&](Database& database) -> Status {
    SLIPWAY_TRY(const std::vector<ModelVersion> versions, VersionsOf(database, model));
    SLIPWAY_TRY(const ModelVersion target, PickVersion({.model = model, .alias = alias}, versions));
    SLIPWAY_RETURN_IF_ERROR(DeleteAlias(database, model, alias));
    return InsertEvent(database, model, "alias-removed",
                       fmt::format("{} was {}", alias, target.version));
  });
}

Status SqliteRegistry::Remove(const std::string& model, std::optional<std::int64_t> version) {
  return Write([&](Database& database) -> Status {
    SLIPWAY_TRY(std::vector<ModelVersion> doomed, VersionsOf(database, model));
    if (version) {
      SLIPWAY_TRY(ModelVersion one, PickVersion({.model = model, .version = version}, doomed));
      doomed.clear();
      doomed.push_back(std::move(one));
    }
    for (const ModelVersion& gone : doomed) {
      SLIPWAY_RETURN_IF_ERROR(DeleteVersion(database, model, gone.version));
      const std::string aliases =
          gone.aliases.empty() ? "" : fmt::format(", aliases {}", fmt::join(gone.aliases, ", "));
      SLIPWAY_RETURN_IF_ERROR(InsertEvent(
          database, model, "removed",
          fmt::format("version {}, {}{}", gone.version, gone.package.ToString(), aliases)));
    }
    return {};
  });
}

Result<GarbageReport> SqliteRegistry::CollectGarbage(std::int64_t minimum_age_seconds,
                                                     bool dry_run) {
  GarbageReport report;
  const auto sweep = [&](Database& database) {
    return SweepBlobs(database, minimum_age_seconds, dry_run, report);
  };
  // A real sweep holds the writers' lock, so that no publish commits what is being removed.
  SLIPWAY_RETURN_IF_ERROR(dry_run ? Read(sweep) : Write(sweep));
  return report;
}

Status SqliteRegistry::SweepBlobs(Database& database, std::int64_t minimum_age_seconds,
                                  bool dry_run, GarbageReport& report) const {
  SLIPWAY_TRY(const std::set<Digest> needed, SelectNeededBlobs(database));
  SLIPWAY_TRY(const std::vector<Digest> present, blobs_.List());
  for (const Digest& digest : present) {
    const Result<std::int64_t> age = blobs_.AgeSeconds(digest);
    const Result<std::uint64_t> size = blobs_.SizeOf(digest);
    if (!age.ok() || !size.ok()) continue;  // another collector was here
    if (needed.contains(digest) || *age < minimum_age_seconds) {
      ++report.blobs_kept;
      continue;
    }
    if (!dry_run) SLIPWAY_RETURN_IF_ERROR(blobs_.Remove(digest));
    ++report.blobs_removed;
    report.bytes_removed += *size;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::Open(const std::string& folder) {
  SLIPWAY_TRY(package::BlobStore blobs, package::BlobStore::Open(folder));
  SLIPWAY_TRY(Catalogue catalogue, Catalogue::Open(blobs));
  return std::unique_ptr<Registry>(
      std::make_unique<SqliteRegistry>(std::move(blobs), std::move(catalogue)));
}

}  // namespace slipway::registry
