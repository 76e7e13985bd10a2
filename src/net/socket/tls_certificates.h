#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/socket/tls_context.h"

namespace slipway::net {

/// A server's certificate as it stands in its files, which may be replaced while it is used: new
/// connections get the new one, old ones keep theirs. What cannot be used never replaces what can.
/// Thread-safe.
class TlsCertificates {
 public:
  /// What TlsContext::ForServer() says of the files as they are.
  static Result<std::shared_ptr<TlsCertificates>> Load(const TlsServerOptions& options);

  /// For the next connection.
  std::shared_ptr<const TlsContext> current() const;

  enum class Change { kNone, kReplaced };
  /// Reads the files again. The error of files that cannot be used; then nothing changes.
  Status Reload();
  /// Reload() if the files have changed since the last attempt and lie still since the last call,
  /// so that a pair that is being written is left alone; and twice a day in any case, because that
  /// makes new keys for the tickets by which clients return. To be called now and then.
  Result<Change> ReloadIfChanged(MonotonicTime now);

 private:
  /// When a file was written, and which it is.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::vector<Stamp>;

  explicit TlsCertificates(TlsServerOptions options) : options_(std::move(options)) {}
  Stamps Look() const;

  const TlsServerOptions options_;
  mutable std::mutex mutex_;  ///< guards what follows; not held while files are read
  std::shared_ptr<const TlsContext> current_;
  Stamps tried_;               ///< of the files when they were read last
  Stamps seen_;                ///< at the last look
  MonotonicTime renewal_due_;  ///< when they are read though nothing changed
};

}  // namespace slipway::net
