#include "registry/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::registry {

namespace {

constexpr int kBusyMilliseconds = 5000;

Status CatalogueFull() {
  return ResourceExhausted("the disk of the store's catalogue is full")
      .With(errors::kStoreFull)
      .Hint("free some space; nothing was changed");
}

Status ErrorOf(sqlite3* database, int code) {
  const std::string text = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("another process is writing to the store's catalogue")
          .With(errors::kStoreLocked)
          .Hint("try again; to see who holds it: fuser -v catalogue.db in the store's folder");
    case SQLITE_FULL:
      return CatalogueFull();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return FailedPrecondition(fmt::format("the store's catalogue is damaged: {}", text))
          .With(errors::kStoreCorrupt);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return PermissionDenied("the store's catalogue is read-only for this user");
    case SQLITE_IOERR:
      if (const int cause = sqlite3_system_errno(database);
          cause == ENOSPC || cause == EDQUOT || cause == EFBIG) {
        return CatalogueFull();
      }
      return Internal(fmt::format("the store's catalogue: {}", text));
    case SQLITE_NOMEM:
      return ResourceExhausted("no memory for the store's catalogue");
    case SQLITE_CANTOPEN: {
      const int cause = sqlite3_system_errno(database);
      return FailedPrecondition(
                 fmt::format("the store's catalogue cannot be opened: {}",
                             cause == 0 ? text : std::generic_category().message(cause)))
          .Hint("check that the store's folder exists and that this user may write to it");
    }
    default:
      return Internal(fmt::format("the store's catalogue: {}", text));
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Status Statement::Check(int code) {
  return code == SQLITE_OK ? Status() : ErrorOf(database_, code);
}

Statement& Statement::Bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), next_parameter_++, value);
  if (bind_error_.ok()) bind_error_ = Check(code);
  return *this;
}

Statement& Statement::Bind(std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), next_parameter_++, text.data(),
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_error_.ok()) bind_error_ = Check(code);
  return *this;
}

Statement& Statement::Bind(std::span<const std::byte> blob) {
  const int code = sqlite3_bind_blob64(statement_.get(), next_parameter_++, blob.data(),
                                       blob.size(), SQLITE_TRANSIENT);
  if (bind_error_.ok()) bind_error_ = Check(code);
  return *this;
}

Result<bool> Statement::Step() {
  SLIPWAY_RETURN_IF_ERROR(bind_error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(database_, code);
}

Status Statement::Run() {
  SLIPWAY_TRY(const bool has_row, Step());
  return has_row ? Internal("a statement gave a row that nobody asked for") : Status();
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return "";
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::byte> Statement::Blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::Open(const std::string& path, Access access) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                        : SQLITE_OPEN_READONLY;
  sqlite3* raw = nullptr;
  // A path with a '?' or '%' would be read as a URI's; such names are only possible after "file:".
  const std::string name =
      access == Access::kImmutable ? fmt::format("file:{}?immutable=1", path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return ErrorOf(raw, code).At(path);
  database.SetBusyTimeout(kBusyMilliseconds);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : ErrorOf(database_.get(), code);
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (code != SQLITE_OK) return ErrorOf(database_.get(), code);
  return Statement(database_.get(), raw);
}

Result<std::int64_t> Database::QueryInteger(std::string_view sql) {
  SLIPWAY_TRY(Statement statement, Prepare(sql));
  SLIPWAY_TRY(const bool has_row, statement.Step());
  if (!has_row) return NotFound("no row");
  return statement.Integer(0);
}

void Database::SetBusyTimeout(int milliseconds) {
  sqlite3_busy_timeout(database_.get(), milliseconds);
}

Result<std::string> Database::QuickCheck() {
  SLIPWAY_TRY(Statement statement, Prepare("PRAGMA quick_check(1)"));
  SLIPWAY_TRY(const bool has_row, statement.Step());
  return has_row ? statement.Text(0) : "quick_check gave no answer";
}

Status Database::BackUpTo(const std::string& path) {
  SLIPWAY_TRY(Statement statement, Prepare("VACUUM INTO ?"));
  SLIPWAY_RETURN_IF_ERROR(statement.Bind(std::string_view(path)).Run());
  SLIPWAY_TRY(const FileDescriptor copy, OpenForReading(path));
  if (fsync(copy.get()) != 0) return ErrnoStatus(errno, fmt::format("cannot sync {}", path));
  return SyncDirectory(std::filesystem::path(path).parent_path().string());
}

Result<Transaction> Transaction::Begin(Database& database) {
  SLIPWAY_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Fails only where SQLite has rolled back by itself.
  if (database_ != nullptr) static_cast<void>(database_->Execute("ROLLBACK"));
}

Status Transaction::Commit() {
  SLIPWAY_RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace slipway::registry
