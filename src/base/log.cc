#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "base/json.h"
#include "base/recent_log.h"
#include "base/shown_levels.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace slipway {

namespace {

constexpr std::size_t kMaxMessageBytes = 8192;
constexpr int kPatienceMilliseconds = 100;

constexpr unsigned BitOf(LogLevel level) { return 1U << static_cast<unsigned>(level); }

/// Of the levels that go to standard error.
std::atomic<unsigned> shown{BitOf(LogLevel::kWarning) | BitOf(LogLevel::kError)};
std::atomic<LogFormat> line_format{LogFormat::kText};
std::atomic<LogLevel> kept_from{LogLevel::kOff};
std::atomic<std::uint64_t> lost_lines{0};

bool IsShown(LogLevel level) { return (shown.load(std::memory_order_relaxed) & BitOf(level)) != 0; }

/// The newest lines.
class LineMemory {
 public:
  void Keep(LogLevel level, std::string message) {
    const std::lock_guard lock(mutex_);
    bytes_ += message.size();
    lines_.push_back({.number = ++last_,
                      .time = std::chrono::system_clock::now(),
                      .level = level,
                      .message = std::move(message)});
    while (lines_.size() > kMostKeptLines || bytes_ > kMostKeptBytes) {
      bytes_ -= lines_.front().message.size();
      lines_.pop_front();
    }
  }

  RecentLog After(std::uint64_t number, std::size_t most) const {
    const std::lock_guard lock(mutex_);
    RecentLog recent{.lines = {}, .last = last_};
    const std::uint64_t wanted = std::min<std::uint64_t>(last_ - std::min(number, last_), most);
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(wanted), lines_.size());
    recent.lines.assign(lines_.end() - static_cast<std::ptrdiff_t>(count), lines_.end());
    return recent;
  }

  void Forget() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
    bytes_ = 0;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<LoggedLine> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

LineMemory& Memory() {
  static LineMemory* const memory = new LineMemory;  // never destroyed: threads log to the end
  return *memory;
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
    entry["level"] = LogLevelName(level);
    entry["msg"] = Printable(message, kMaxMessageBytes);
    line = DumpJson(entry) + "\n";
  } else {
    line = fmt::format("{} {:7} {}\n", Rfc3339(std::chrono::system_clock::now()),
                       LogLevelName(level), Printable(message, kMaxMessageBytes));
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
  constexpr unsigned kAll = BitOf(LogLevel::kOff) - 1;
  shown.store(kAll & ~(BitOf(level) - 1), std::memory_order_relaxed);
  line_format.store(format, std::memory_order_relaxed);
}

bool LogEnabled(LogLevel level) {
  return IsShown(level) || level >= kept_from.load(std::memory_order_relaxed);
}

ShownLevels LevelsShown() {
  const unsigned levels = shown.load(std::memory_order_relaxed);
  const auto has = [levels](LogLevel level) { return (levels & BitOf(level)) != 0; };
  return {.debug = has(LogLevel::kDebug),
          .info = has(LogLevel::kInfo),
          .warning = has(LogLevel::kWarning),
          .error = has(LogLevel::kError)};
}

void ShowLevels(const ShownLevels& levels) {
  const auto bit = [](bool is_shown, LogLevel level) { return is_shown ? BitOf(level) : 0U; };
  shown.store(bit(levels.debug, LogLevel::kDebug) | bit(levels.info, LogLevel::kInfo) |
                  bit(levels.warning, LogLevel::kWarning) | bit(levels.error, LogLevel::kError),
              std::memory_order_relaxed);
}

void LogLine(LogLevel level, std::string_view message) {
  if (level >= kept_from.load(std::memory_order_relaxed))
    Memory().Keep(level, Printable(message, kMaxMessageBytes));
  if (!IsShown(level)) return;
  if (!StderrTakesMore()) {
    lost_lines.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (const std::uint64_t lost = lost_lines.exchange(0, std::memory_order_relaxed); lost > 0) {
    Write(LogLevel::kWarning, fmt::format("{} log lines were lost: nobody read stderr", lost));
  }
  Write(level, message);
}

void KeepRecentLog(LogLevel least) {
  kept_from.store(least, std::memory_order_relaxed);
  if (least == LogLevel::kOff) Memory().Forget();
}

RecentLog RecentLogAfter(std::uint64_t number, std::size_t most) {
  return Memory().After(number, most);
}

std::string_view LogLevelName(LogLevel level) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
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
