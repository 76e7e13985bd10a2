#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace slipway {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat { kText, kJson };

/// Where log lines go and what they look like: stderr, one line each, control characters escaped,
/// at most 8 KiB. Set once at start; the defaults are text and warnings. Thread-safe.
void ConfigureLog(LogLevel threshold, LogFormat format);
bool LogEnabled(LogLevel level);

/// One line. Never blocks for long: a stderr that cannot take it loses the line and counts it.
void LogLine(LogLevel level, std::string_view message);

template <class... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

/// `text` with control characters and ANSI escapes written as \xNN, at most `max_bytes` and "..."
/// beyond: fit for a log line, a terminal or an error message, whoever wrote it.
std::string Printable(std::string_view text, std::size_t max_bytes = 256);

}  // namespace slipway
