#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace slipway {

/// A line of this process's log.
struct LoggedLine {
  std::uint64_t number = 0;  ///< 1 for the first that was kept, then one more for each
  WallTime time;
  LogLevel level = LogLevel::kInfo;
  std::string message;  ///< Printable()
};

/// Lines of the log, oldest first.
struct RecentLog {
  std::vector<LoggedLine> lines;
  std::uint64_t last = 0;  ///< the number of the newest line there is, given here or not
};

/// Keeps the newest lines of `least` and above in memory from now on, whatever goes to stderr: at
/// most kMostKeptLines, of at most kMostKeptBytes in all. kOff: none, and forgets those it has.
/// Thread-safe, as is RecentLogAfter().
void KeepRecentLog(LogLevel least);

/// The newest `most` of the kept lines whose numbers are above `number`.
RecentLog RecentLogAfter(std::uint64_t number, std::size_t most);

inline constexpr std::size_t kMostKeptLines = 1000;
inline constexpr std::size_t kMostKeptBytes = std::size_t{1} << 20;

/// "debug", "info", "warning", "error", "off".
std::string_view LogLevelName(LogLevel level);

}  // namespace slipway
