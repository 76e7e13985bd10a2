#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/json.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace slipway {

namespace {

constexpr std::size_t kMaxMessageBytes = 8192;
constexpr int kPatienceMilliseconds = 100;

std::atomic<LogLevel> threshold{LogLevel::kWarning};
std::atomic<LogFormat> line_format{LogFormat::kText};
std::atomic<std::uint64_t> lost_lines{0};

std::string_view LevelName(LogLevel level) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

bool StderrTakesMore() {
  pollfd waiting{STDERR_FILENO, POLLOUT, 0};
  return poll(&waiting, 1, kPatienceMilliseconds) > 0 && (waiting.revents & POLLOUT) != 0;
}

void Write(LogLevel level, std::string_view message) {
  std::string line;
  if (line_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
    OrderedJson entry;
    entry["ts"] = Rfc3339(std::chrono::system_clock::now());
    entry["level"] = LevelName(level);
    entry["msg"] = Printable(message, kMaxMessageBytes);
    line = DumpJson(entry) + "\n";
  } else {
    line = fmt::format("{} {:7} {}\n", Rfc3339(std::chrono::system_clock::now()), LevelName(level),
                       Printable(message, kMaxMessageBytes));
  }
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

/// A character of C0, DEL, or of C1 (U+0080 to U+009F), some of which begin an ANSI escape.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7f;
  return lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

void ConfigureLog(LogLevel level, LogFormat format) {
  threshold.store(level, std::memory_order_relaxed);
  line_format.store(format, std::memory_order_relaxed);
}

bool LogEnabled(LogLevel level) { return level >= threshold.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view message) {
  if (!StderrTakesMore()) {
    lost_lines.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (const std::uint64_t lost = lost_lines.exchange(0, std::memory_order_relaxed); lost > 0) {
    Write(LogLevel::kWarning, fmt::format("{} log lines were lost: nobody read stderr", lost));
  }
  Write(level, message);
}

std::string Printable(std::string_view text, std::size_t max_bytes) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    const bool escape = length == 0 || IsControl(text.substr(0, length));
    const std::string_view taken = text.substr(0, std::max<std::size_t>(length, 1));
    if (result.size() + taken.size() * (escape ? 4 : 1) > max_bytes) return result + "...";
    if (escape) {
      for (const char c : taken) {
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else {
      result += taken;
    }
    text.remove_prefix(taken.size());
  }
  return result;
}

}  // namespace slipway
