#include "registry/schema.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/error_catalogue.h"

namespace slipway::registry {

namespace {

constexpr std::array<std::string_view, 1> kCatalogueSteps = {
    // A model's row stays when its versions go: `last_version` is what makes numbers unique.
    // Digests are 32 bytes. `version_blobs` names every file of a version, the manifest included.
    R"(CREATE TABLE models (
         name TEXT PRIMARY KEY,
         last_version INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE versions (
         model TEXT NOT NULL REFERENCES models(name),
         version INTEGER NOT NULL CHECK (version >= 1),
         package BLOB NOT NULL CHECK (length(package) = 32),
         total_bytes INTEGER NOT NULL,
         created INTEGER NOT NULL,
         PRIMARY KEY (model, version)
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE version_blobs (
         model TEXT NOT NULL,
         version INTEGER NOT NULL,
         digest BLOB NOT NULL CHECK (length(digest) = 32),
         PRIMARY KEY (model, version, digest),
         FOREIGN KEY (model, version) REFERENCES versions(model, version) ON DELETE CASCADE
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE aliases (
         model TEXT NOT NULL,
         alias TEXT NOT NULL,
         version INTEGER NOT NULL,
         PRIMARY KEY (model, alias),
         FOREIGN KEY (model, version) REFERENCES versions(model, version) ON DELETE CASCADE
       ) STRICT, WITHOUT ROWID;
       CREATE TABLE events (
         number INTEGER PRIMARY KEY,
         happened INTEGER NOT NULL,
         model TEXT NOT NULL,
         what TEXT NOT NULL,
         detail TEXT NOT NULL
       ) STRICT;
       CREATE INDEX events_of_model ON events(model, number);)",
};

Result<std::int64_t> SchemaOf(Database& database) {
  return database.QueryInteger("PRAGMA user_version");
}

Status TooNew(std::int64_t found, std::size_t known) {
  return FailedPrecondition(
             fmt::format("the store's catalogue has schema {}, this program knows {}", found,
                         known))
      .With(errors::kStoreNewer)
      .Hint("use the newer program that wrote it; nothing was changed");
}

Status BackUp(Database& database, const std::string& path, std::int64_t schema) {
  const std::string copy = fmt::format("{}.before-{}", path, schema + 1);
  // Made anew: an older attempt may have been killed half-way, or may be of an older state.
  unlink(copy.c_str());
  return database.BackUpTo(copy);
}

}  // namespace

std::span<const std::string_view> CatalogueSteps() { return kCatalogueSteps; }

Status CheckSchema(Database& database, std::span<const std::string_view> steps) {
  SLIPWAY_TRY(const std::int64_t schema, SchemaOf(database));
  const auto known = static_cast<std::int64_t>(steps.size());
  if (schema > known) return TooNew(schema, steps.size());
  if (schema == known) return {};
  return FailedPrecondition(
             fmt::format("the store's catalogue has schema {}, and is read-only", schema))
      .With(errors::kStoreCorrupt)
      .Hint("open it once as a user who may write to it: slipway ls");
}

Status Migrate(Database& database, const std::string& path,
               std::span<const std::string_view> steps) {
  SLIPWAY_TRY(const std::int64_t before, SchemaOf(database));
  const auto known = static_cast<std::int64_t>(steps.size());
  if (before > known) return TooNew(before, steps.size());
  if (before == known) return {};
  if (before > 0) SLIPWAY_RETURN_IF_ERROR(BackUp(database, path, before));
  SLIPWAY_TRY(Transaction transaction, Transaction::Begin(database));
  // Another process may have migrated while this one waited for the lock.
  SLIPWAY_TRY(const std::int64_t schema, SchemaOf(database));
  if (schema > known) return TooNew(schema, steps.size());
  for (std::int64_t step = schema; step < known; ++step) {
    SLIPWAY_RETURN_IF_ERROR(database.Execute(std::string(steps[static_cast<std::size_t>(step)])));
  }
  SLIPWAY_RETURN_IF_ERROR(database.Execute(fmt::format("PRAGMA user_version = {}", known)));
  return transaction.Commit();
}

}  // namespace slipway::registry
