#include "registry/catalogue.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "registry/schema.h"

namespace slipway::registry {

namespace {

bool MayWrite(const std::string& path) {
  return faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Status Damaged(std::string message, const std::string& path) {
  return FailedPrecondition(std::move(message))
      .With(errors::kStoreCorrupt)
      .At(path)
      .Hint(fmt::format("the models' files under blobs/ are not touched. Put back a copy of {0} (a "
                        "backup, or {0}.before-N), or move the store's folder away and push again",
                        path));
}

/// A new catalogue over old files would call all of them garbage.
Status CheckNotLost(const package::BlobStore& blobs, const std::string& path) {
  if (Exists(path)) return {};
  SLIPWAY_TRY(const std::vector<Digest> digests, blobs.List());
  // Looked for once more: another process may just have made it, and filled the store since.
  if (digests.empty() || Exists(path)) return {};
  return Damaged(fmt::format("the store holds {} files but its catalogue is gone", digests.size()),
                 path);
}

/// Reads every page once; catalogues are small.
Status CheckUndamaged(Database& database, const std::string& path) {
  SLIPWAY_TRY(const std::string verdict, database.QuickCheck());
  if (verdict == "ok") return {};
  return Damaged(fmt::format("the store's catalogue is damaged: {}", verdict), path);
}

Result<bool> HasWriteAheadLog(Database& database) {
  SLIPWAY_TRY(Statement mode, database.Prepare("PRAGMA journal_mode"));
  SLIPWAY_TRY(const bool has_row, mode.Step());
  return has_row && mode.Text(0) == "wal";
}

/// Switching needs every lock, and where two ask for it SQLite refuses one at once, whatever its
/// busy timeout says: it cannot know that one of them ends. Here each does, within milliseconds.
Status SwitchToWriteAheadLog(Database& database) {
  constexpr std::chrono::milliseconds kPatience(5000);
  constexpr std::chrono::milliseconds kPause(2);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    SLIPWAY_TRY(const bool is_done, HasWriteAheadLog(database));
    if (is_done) return {};
    Status switched = database.Execute("PRAGMA journal_mode = WAL");
    const bool is_locked = switched.number() == errors::kStoreLocked;
    if (!is_locked || std::chrono::steady_clock::now() >= end) return switched;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<Database> Catalogue::OpenForWriting() const {
  SLIPWAY_TRY(Database database, Database::Open(path_, Database::Access::kReadWrite));
  SLIPWAY_RETURN_IF_ERROR(SwitchToWriteAheadLog(database));
  // FULL: a commit is on the disk before it is answered (law 7).
  SLIPWAY_RETURN_IF_ERROR(database.Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  SLIPWAY_RETURN_IF_ERROR(CheckUndamaged(database, path_));
  SLIPWAY_RETURN_IF_ERROR(Migrate(database, path_, CatalogueSteps()));
  return database;
}

Result<Database> Catalogue::OpenForReading() const {
  if (!Exists(path_)) return NotFound(fmt::format("there is no store at {}", path_));
  // While anybody has it open for writing there is a log, which must be read too; without one,
  // SQLite could not make the files it needs to read along.
  const auto access =
      Exists(path_ + "-wal") ? Database::Access::kReadOnly : Database::Access::kImmutable;
  SLIPWAY_TRY(Database database, Database::Open(path_, access));
  SLIPWAY_RETURN_IF_ERROR(CheckSchema(database, CatalogueSteps()));
  return database;
}

Result<Catalogue> Catalogue::Open(const package::BlobStore& blobs) {
  Catalogue catalogue(blobs.folder() + "/catalogue.db");
  const std::string& path = catalogue.path_;
  catalogue.is_read_only_ =
      !MayWrite(Exists(path) ? path : blobs.folder()) || !MayWrite(blobs.folder());
  if (!catalogue.is_read_only_) SLIPWAY_RETURN_IF_ERROR(CheckNotLost(blobs, path));
  Result<Database> database =
      catalogue.is_read_only_ ? catalogue.OpenForReading() : catalogue.OpenForWriting();
  if (!database.ok() && database.status().number() == errors::kStoreCorrupt &&
      database.status().hint().empty()) {
    return Damaged(database.status().message(), path);
  }
  if (!database.ok()) return std::move(database).status();
  catalogue.database_.emplace(std::move(database).value());
  return catalogue;
}

Result<Database*> Catalogue::Connect() {
  if (is_read_only_) {
    // Nobody tells a reader without locks that another process has written.
    SLIPWAY_TRY(database_, OpenForReading());
  }
  return &*database_;
}

}  // namespace slipway::registry
