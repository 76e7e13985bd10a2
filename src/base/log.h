#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace slipway {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat { kText, kJson };

/// Where log lines go and what they look like: stderr, one line each, control characters escaped, a
/// message of at most 8 KiB. Set once at start; the defaults are text and warnings. Thread-safe.
void ConfigureLog(LogLevel threshold, LogFormat format);
bool LogEnabled(LogLevel level);

/// One line. Waits at most 100 ms for a reader of stderr who does not read, then the line is lost;
/// the next one that can be written is preceded by the count of those that were.
void LogLine(LogLevel level, std::string_view message);

template <class... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

/// `text` with control characters (those of ANSI escapes included) and bytes that are not UTF-8
/// written as \xNN, at most `max_bytes` of it and "..." beyond: fit for a log line, a terminal or
/// an error message, whoever wrote it.
std::string Printable(std::string_view text, std::size_t max_bytes = 256);

}  // namespace slipway
