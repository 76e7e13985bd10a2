#include "cli/served_log.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"
#include "base/log.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostMessageBytes = 8192;

Status NotALog() { return DataLoss("the server's answer is not a log").At("GET /v2/log"); }

/// A server's text goes to a terminal.
std::string TextOf(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_string()) return "";
  return Printable(found->get_ref<const std::string&>(), kMostMessageBytes);
}

std::optional<std::uint64_t> NumberOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

}  // namespace

Result<ServedLog> ParseServedLog(std::string_view answer) {
  const Result<Json> json = ParseJson(answer);
  if (!json.ok() || !json->is_object() || !json->contains("lines") || !(*json)["lines"].is_array())
    return NotALog();
  ServedLog log;
  const auto last = NumberOf(*json, "last");
  if (!last) return NotALog();
  log.last = *last;
  for (const Json& line : (*json)["lines"]) {
    if (!line.is_object()) return NotALog();
    const auto number = NumberOf(line, "number");
    if (!number) return NotALog();
    log.lines.push_back({.number = *number,
                         .time = TextOf(line, "ts"),
                         .level = TextOf(line, "level"),
                         .message = TextOf(line, "msg")});
  }
  return log;
}

std::string ToText(const ServedLine& line) {
  return fmt::format("{} {:7} {}\n", line.time, line.level, line.message);
}

std::string ToJsonLine(const ServedLine& line) {
  return DumpJson(OrderedJson{{"number", line.number},
                              {"ts", line.time},
                              {"level", line.level},
                              {"msg", line.message}}) +
         "\n";
}

}  // namespace slipway::cli
