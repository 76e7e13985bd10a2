#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace slipway::cli {

/// What standard error may show.
struct TerminalStyle {
  bool progress = false;  ///< a moving line
  bool plain = false;     ///< one line a stage instead
  bool color = false;
};

/// Decides from --progress auto|tty|plain|none, --color auto|always|never, NO_COLOR, CLICOLOR_FORCE
/// and whether standard error is a terminal. A log file gets neither progress nor colour.
TerminalStyle DetectTerminalStyle(std::string_view progress, std::string_view color);

/// Shows what a command is doing once it takes longer than half a second: a spinner with the stage
/// and the time on a terminal, nothing elsewhere. The line is gone when this object is. Not
/// copyable; one at a time.
class Progress {
 public:
  Progress(const TerminalStyle& style, std::string_view what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The stage now running: "reading", "self-check 3/6". Thread-safe.
  void Stage(std::string_view stage);
  void Fraction(std::size_t done, std::size_t total);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::cli
