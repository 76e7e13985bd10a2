#include "cli/report_error.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

namespace slipway::cli {

namespace {

/// Newlines of a message are kept (a list of findings has one a line), other control characters are
/// not.
std::string Clean(const std::string& text) {
  std::string clean;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c != '\n' && (byte < 0x20 || byte == 0x7f)) {
      clean += fmt::format("\\x{:02x}", byte);
    } else {
      clean.push_back(c);
    }
  }
  return clean;
}

}  // namespace

ExitCode ReportError(const Status& status) {
  const bool numbered = status.number() != ErrorNumber::kNone;
  std::string text = numbered ? fmt::format("error {}: ", ErrorName(status.number())) : "error: ";
  text += Clean(status.message()) + "\n";
  if (!status.place().empty()) text += fmt::format("  at {}\n", Clean(status.place()));
  if (!status.hint().empty()) text += fmt::format("  hint: {}\n", Clean(status.hint()));
  if (numbered)
    text += fmt::format("  more: slipway explain-error {}\n", ErrorName(status.number()));
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  return ExitCodeOf(status);
}

}  // namespace slipway::cli
