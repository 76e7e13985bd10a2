#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace slipway::serve {

/// One of Triton's log settings. Nothing as the value of a wish: as it is.
struct LogSetting {
  std::string name;
  std::variant<std::monostate, bool, std::uint64_t, std::string> value;
  bool operator==(const LogSetting&) const = default;
};

/// What of the log goes to standard error, by the names of Triton's log settings: log_info,
/// log_warning and log_error are levels; log_verbose_level is the level below them, shown from 1
/// on; log_file is always "", for the log is not in a file; log_format is "default" or "ISO8601",
/// and lines have times of ISO 8601 by either. What slipway logs shows does not change.
/// Thread-safe; one for a process.
class LogSettings {
 public:
  static constexpr std::uint64_t kMostVerbose = 1'000'000;

  /// All of them.
  std::vector<LogSetting> All() const;
  /// All that is wished, or none of it. InvalidArgument (kRequestFieldInvalid): no such setting, or
  /// a value that it cannot have; Unimplemented: another file.
  Status Change(std::span<const LogSetting> wishes);

 private:
  struct Told {
    std::uint64_t verbose_level = 0;
    std::string format = "default";
  };

  mutable std::mutex mutex_;
  Told told_;  // guarded by mutex_
};

}  // namespace slipway::serve
