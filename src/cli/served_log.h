#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::cli {

/// A line of a server's log.
struct ServedLine {
  std::uint64_t number = 0;
  std::string time;   ///< RFC 3339
  std::string level;  ///< "info", "warning", ...
  std::string message;
};

struct ServedLog {
  std::vector<ServedLine> lines;  ///< oldest first
  std::uint64_t last = 0;         ///< the number of the newest line that the server has
};

/// Reads the answer of GET /v2/log. DataLoss: not such an answer.
Result<ServedLog> ParseServedLog(std::string_view answer);

/// One line for people, as the server would write it.
std::string ToText(const ServedLine& line);
/// The same as a line of JSON.
std::string ToJsonLine(const ServedLine& line);

}  // namespace slipway::cli
