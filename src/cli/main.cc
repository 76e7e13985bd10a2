#include <csignal>
#include <string>
#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  // A reader that goes away must end a write with an error, never the process (slipway ls | head; a
  // socket).
  std::signal(SIGPIPE, SIG_IGN);
  // A file that must not grow further ends a write with an error, too (ulimit -f).
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return static_cast<int>(slipway::cli::RunCommandLine(words));
}
