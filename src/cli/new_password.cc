#include "cli/new_password.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "base/error_catalogue.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostBytes = 1024;

/// While it lives, the terminal shows nothing of what is typed.
class WithoutEcho {
 public:
  WithoutEcho() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_silent_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~WithoutEcho() {
    if (is_silent_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;

 private:
  termios before_{};
  bool is_silent_ = false;
};

/// Without its end; absent: there is none, or it is longer than any password.
std::optional<std::string> ReadLine() {
  std::string line;
  char c = 0;
  while (line.size() <= kMostBytes) {
    const ssize_t count = read(STDIN_FILENO, &c, 1);
    if (count <= 0 && line.empty()) return std::nullopt;
    if (count <= 0 || c == '\n')
      return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    line += c;
  }
  return std::nullopt;
}

Result<std::string> Ask(std::string_view question) {
  fmt::print(stderr, "{}: ", question);
  std::fflush(stderr);
  std::optional<std::string> line;
  {
    const WithoutEcho silence;
    line = ReadLine();
  }
  fmt::print(stderr, "\n");
  if (line) return std::move(*line);
  return InvalidArgument("no password was given").With(errors::kUsage);
}

}  // namespace

Result<std::string> ReadNewPassword(std::string_view user) {
  if (isatty(STDIN_FILENO) == 0) {
    if (std::optional<std::string> line = ReadLine()) return std::move(*line);
    return InvalidArgument("standard input has no line with a password").With(errors::kUsage);
  }
  SLIPWAY_TRY(std::string first, Ask(fmt::format("password for {}", user)));
  SLIPWAY_TRY(const std::string second, Ask("the same again"));
  if (first == second) return first;
  return InvalidArgument("the two passwords differ").With(errors::kUsage);
}

}  // namespace slipway::cli
