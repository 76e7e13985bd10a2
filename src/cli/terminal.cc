#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::cli {

namespace {

constexpr std::chrono::milliseconds kQuietFor{500};
constexpr std::chrono::milliseconds kFrame{100};

void WriteError(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

bool EnvironmentSays(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

}  // namespace

TerminalStyle DetectTerminalStyle(std::string_view progress, std::string_view color) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  TerminalStyle style;
  style.progress = progress == "tty" || (progress == "auto" && terminal);
  style.plain = progress == "plain";
  style.color =
      color == "always" || (color == "auto" && (EnvironmentSays("CLICOLOR_FORCE") ||
                                                (terminal && std::getenv("NO_COLOR") == nullptr)));
  return style;
}

struct Progress::State {
  TerminalStyle style;
  std::string what;
  Stopwatch watch;
  std::mutex mutex;
  std::condition_variable wake;
  std::string stage;  // guarded by mutex
  bool stop = false;  // guarded by mutex
  bool drawn = false;
  std::thread painter;

  void Paint() {
    static constexpr const char* kFrames[] = {"|", "/", "-", "\\"};
    std::unique_lock lock(mutex);
    for (std::size_t frame = 0; !wake.wait_for(lock, kFrame, [&] { return stop; }); ++frame) {
      if (watch.Elapsed() < kQuietFor) continue;
      WriteError(fmt::format("\r\x1b[2K{} {} {} ({})", kFrames[frame % 4], what, stage,
                             HumanSeconds(watch.Seconds())));
      drawn = true;
    }
  }
};

Progress::Progress(const TerminalStyle& style, std::string_view what)
    : state_(std::make_unique<State>()) {
  state_->style = style;
  state_->what = what;
  if (style.plain) WriteError(fmt::format("{}\n", what));
  if (style.progress) state_->painter = std::thread([state = state_.get()] { state->Paint(); });
}

Progress::~Progress() {
  if (!state_->painter.joinable()) return;
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  state_->painter.join();
  if (state_->drawn) WriteError("\r\x1b[2K");
}

void Progress::Stage(std::string_view stage) {
  if (state_->style.plain) WriteError(fmt::format("{}: {}\n", state_->what, stage));
  std::lock_guard lock(state_->mutex);
  state_->stage = stage;
}

void Progress::Fraction(std::size_t done, std::size_t total) {
  std::lock_guard lock(state_->mutex);
  state_->stage = fmt::format("{} of {}", done, total);
}

}  // namespace slipway::cli
