#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "package/store.h"
#include "registry/sqlite.h"

namespace slipway::registry {

/// The SQLite file of a store, FOLDER/catalogue.db: in WAL mode, every commit synced. Not
/// thread-safe; several processes may use one.
class Catalogue {
 public:
  /// Creates or migrates it. A user who may not write to the folder gets it read-only.
  /// FailedPrecondition: damaged, or lost while the store holds files (kStoreCorrupt, with recovery
  /// steps); newer than this program (kStoreNewer). NotFound: read-only and not there.
  static Result<Catalogue> Open(const package::BlobStore& blobs);

  /// The connection to use until the next call.
  Result<Database*> Connect();

 private:
  explicit Catalogue(std::string path) : path_(std::move(path)) {}
  Result<Database> OpenForWriting() const;
  Result<Database> OpenForReading() const;

  std::string path_;
  bool is_read_only_ = false;
  std::optional<Database> database_;
};

}  // namespace slipway::registry
