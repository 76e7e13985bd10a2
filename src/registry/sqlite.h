#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::registry {

/// One prepared statement: bind in order, then step through its rows. Texts are copied. Not
/// thread-safe. The database outlives it.
class Statement {
 public:
  Statement& Bind(std::int64_t value);
  Statement& Bind(std::string_view text);
  Statement& Bind(std::span<const std::byte> blob);

  /// True while there is a row. An error ends the statement.
  Result<bool> Step();
  /// Runs a statement that gives no rows.
  Status Run();

  /// Of the current row; valid until the next Step().
  std::int64_t Integer(int column) const;
  std::string Text(int column) const;
  std::span<const std::byte> Blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  Status Check(int code);

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
  Status bind_error_;
};

/// One SQLite connection. Errors are translated once: locked is Unavailable (kStoreLocked), full
/// ResourceExhausted (kStoreFull), damaged FailedPrecondition (kStoreCorrupt), read-only
/// PermissionDenied. Not thread-safe.
class Database {
 public:
  enum class Access {
    kReadWrite,  ///< created if absent
    kReadOnly,   ///< with its write-ahead log, if there is one
    kImmutable,  ///< the file as it is, on a medium nobody writes to
  };
  static Result<Database> Open(const std::string& path, Access access);
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  /// Several statements without parameters.
  Status Execute(const std::string& sql);
  Result<Statement> Prepare(std::string_view sql);
  /// The first column of the first row. NotFound without one.
  Result<std::int64_t> QueryInteger(std::string_view sql);
  /// How long a statement waits for another process's lock.
  void SetBusyTimeout(int milliseconds);
  /// "ok", or the first thing that is wrong with the file.
  Result<std::string> QuickCheck();
  /// A consistent copy to another file, durable when this returns.
  Status BackUpTo(const std::string& path);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN IMMEDIATE now, ROLLBACK at the end unless Commit() succeeded.
class Transaction {
 public:
  /// Unavailable (kStoreLocked): another process writes.
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace slipway::registry
