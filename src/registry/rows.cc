#include "registry/rows.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::registry {

namespace {

std::int64_t UnixNow() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::span<const std::byte> BytesOf(const Digest& digest) { return digest.bytes; }

Result<Digest> DigestAt(const Statement& row, int column) {
  const std::span<const std::byte> bytes = row.Blob(column);
  Digest digest;
  if (bytes.size() != digest.bytes.size()) {
    return FailedPrecondition("the store's catalogue holds a digest of wrong length")
        .With(errors::kStoreCorrupt);
  }
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

/// Both lists are sorted by model and version.
Status AddAliases(Database& database, const std::string& model,
                  std::vector<ModelVersion>& versions) {
  SLIPWAY_TRY(Statement rows, database.Prepare("SELECT model, version, alias FROM aliases "
                                               "WHERE ?1 = '' OR model = ?1 ORDER BY 1, 2, 3"));
  rows.Bind(model);
  auto at = versions.begin();
  for (;;) {
    SLIPWAY_TRY(const bool has_row, rows.Step());
    if (!has_row) return {};
    const std::pair key(rows.Text(0), rows.Integer(1));
    while (at != versions.end() && std::pair(at->model, at->version) < key) ++at;
    if (at != versions.end() && std::pair(at->model, at->version) == key) {
      at->aliases.push_back(rows.Text(2));
    }
  }
}

}  // namespace

Result<std::vector<ModelVersion>> SelectVersions(Database& database, const std::string& model) {
  SLIPWAY_TRY(Statement rows,
              database.Prepare("SELECT model, version, package, total_bytes, created FROM versions "
                               "WHERE ?1 = '' OR model = ?1 ORDER BY 1, 2"));
  rows.Bind(model);
  std::vector<ModelVersion> versions;
  for (;;) {
    SLIPWAY_TRY(const bool has_row, rows.Step());
    if (!has_row) break;
    ModelVersion version{.model = rows.Text(0),
                         .version = rows.Integer(1),
                         .total_bytes = static_cast<std::uint64_t>(rows.Integer(3)),
                         .created_unix_seconds = rows.Integer(4)};
    SLIPWAY_TRY(version.package, DigestAt(rows, 2));
    versions.push_back(std::move(version));
  }
  SLIPWAY_RETURN_IF_ERROR(AddAliases(database, model, versions));
  return versions;
}

Result<std::vector<std::string>> SelectModelNames(Database& database) {
  SLIPWAY_TRY(Statement rows, database.Prepare("SELECT DISTINCT model FROM versions ORDER BY 1"));
  std::vector<std::string> names;
  for (;;) {
    SLIPWAY_TRY(const bool has_row, rows.Step());
    if (!has_row) return names;
    names.push_back(rows.Text(0));
  }
}

Result<std::vector<Event>> SelectEvents(Database& database, const std::string& model) {
  SLIPWAY_TRY(Statement rows, database.Prepare("SELECT happened, what, detail FROM events "
                                               "WHERE model = ? ORDER BY number"));
  rows.Bind(model);
  std::vector<Event> events;
  for (;;) {
    SLIPWAY_TRY(const bool has_row, rows.Step());
    if (!has_row) return events;
    events.push_back({.unix_seconds = rows.Integer(0),
                      .model = model,
                      .what = rows.Text(1),
                      .detail = rows.Text(2)});
  }
}

Result<std::set<Digest>> SelectNeededBlobs(Database& database) {
  SLIPWAY_TRY(Statement rows, database.Prepare("SELECT DISTINCT digest FROM version_blobs"));
  std::set<Digest> needed;
  for (;;) {
    SLIPWAY_TRY(const bool has_row, rows.Step());
    if (!has_row) return needed;
    SLIPWAY_TRY(const Digest digest, DigestAt(rows, 0));
    needed.insert(digest);
  }
}

Result<std::int64_t> TakeNextVersion(Database& database, const std::string& model) {
  SLIPWAY_TRY(Statement next,
              database.Prepare("INSERT INTO models (name, last_version) VALUES (?, 1) "
                               "ON CONFLICT (name) DO UPDATE SET last_version = last_version + 1 "
                               "RETURNING last_version"));
  next.Bind(model);
  SLIPWAY_TRY(const bool has_row, next.Step());
  if (!has_row) return Internal("the store's catalogue gave no version number");
  const std::int64_t version = next.Integer(0);
  SLIPWAY_TRY(const bool has_more, next.Step());
  if (has_more) return Internal("the store's catalogue gave two version numbers");
  return version;
}

Status InsertVersion(Database& database, const ModelVersion& version,
                     const std::vector<package::Blob>& blobs) {
  SLIPWAY_TRY(Statement insert, database.Prepare("INSERT INTO versions VALUES (?, ?, ?, ?, ?)"));
  insert.Bind(version.model).Bind(version.version).Bind(BytesOf(version.package));
  insert.Bind(static_cast<std::int64_t>(version.total_bytes)).Bind(version.created_unix_seconds);
  SLIPWAY_RETURN_IF_ERROR(insert.Run());
  for (const package::Blob& blob : blobs) {
    SLIPWAY_TRY(Statement needs,
                database.Prepare("INSERT OR IGNORE INTO version_blobs VALUES (?, ?, ?)"));
    needs.Bind(version.model).Bind(version.version).Bind(BytesOf(blob.digest));
    SLIPWAY_RETURN_IF_ERROR(needs.Run());
  }
  return {};
}

Status DeleteVersion(Database& database, const std::string& model, std::int64_t version) {
  SLIPWAY_TRY(Statement remove,
              database.Prepare("DELETE FROM versions WHERE model = ? AND version = ?"));
  return remove.Bind(model).Bind(version).Run();
}

Status PutAlias(Database& database, const std::string& model, const std::string& alias,
                std::int64_t version) {
  SLIPWAY_TRY(Statement put, database.Prepare("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)"));
  return put.Bind(model).Bind(alias).Bind(version).Run();
}

Status DeleteAlias(Database& database, const std::string& model, const std::string& alias) {
  SLIPWAY_TRY(Statement remove,
              database.Prepare("DELETE FROM aliases WHERE model = ? AND alias = ?"));
  return remove.Bind(model).Bind(alias).Run();
}

Status InsertEvent(Database& database, const std::string& model, std::string_view what,
                   const std::string& detail) {
  SLIPWAY_TRY(Statement insert,
              database.Prepare("INSERT INTO events (happened, model, what, detail) "
                               "VALUES (?, ?, ?, ?)"));
  return insert.Bind(UnixNow()).Bind(model).Bind(what).Bind(detail).Run();
}

}  // namespace slipway::registry
