#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>

#include "base/json.h"

namespace slipway {

namespace {

constexpr std::size_t kMaxLineBytes = 8192;

std::atomic<LogLevel> threshold{LogLevel::kWarning};
std::atomic<LogFormat> line_format{LogFormat::kText};

std::string_view LevelName(LogLevel level) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, millis);
}

}  // namespace

void ConfigureLog(LogLevel level, LogFormat format) {
  threshold.store(level, std::memory_order_relaxed);
  line_format.store(format, std::memory_order_relaxed);
}

bool LogEnabled(LogLevel level) { return level >= threshold.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view message) {
  std::string line;
  if (line_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
    OrderedJson entry;
    entry["ts"] = Timestamp();
    entry["level"] = LevelName(level);
    entry["msg"] = Printable(message, kMaxLineBytes);
    line = DumpJson(entry) + "\n";
  } else {
    line = fmt::format("{} {:7} {}\n", Timestamp(), LevelName(level),
                       Printable(message, kMaxLineBytes));
  }
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

std::string Printable(std::string_view text, std::size_t max_bytes) {
  std::string result;
  for (const char c : text.substr(0, max_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result.push_back(c);
    }
  }
  if (text.size() > max_bytes) result += "...";
  return result;
}

}  // namespace slipway
