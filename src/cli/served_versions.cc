// What a server answers about its models, read without trust.

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/server_client.h"

namespace slipway::cli {

namespace {

const Json& At(const Json& json, std::string_view key) {
  static const Json nothing;
  if (!json.is_object()) return nothing;
  const auto found = json.find(key);
  return found == json.end() ? nothing : *found;
}

std::string TextAt(const Json& json, std::string_view key) {
  const Json& member = At(json, key);
  return member.is_string() ? Printable(member.get_ref<const std::string&>(), 300) : std::string();
}

std::uint64_t CountAt(const Json& json, std::string_view key) {
  const Json& member = At(json, key);
  return member.is_number_unsigned() ? member.get<std::uint64_t>() : 0;
}

Status NotAnIndex() {
  return DataLoss("the server's answer is no list of models")
      .Hint("is it the address of a slipway server? name one with --host URL");
}

/// Adds what `row` of the statistics counted to the version it belongs to.
void AddCounts(const Json& row, std::vector<ServedVersion>& versions) {
  for (ServedVersion& version : versions) {
    if (version.name != TextAt(row, "name") || version.version != TextAt(row, "version")) continue;
    const Json& success = At(At(row, "inference_stats"), "success");
    version.requests = CountAt(success, "count");
    version.failures = CountAt(At(At(row, "inference_stats"), "fail"), "count");
    if (version.requests > 0) {
      version.mean_seconds =
          static_cast<double>(CountAt(success, "ns")) / 1e9 / static_cast<double>(version.requests);
    }
    for (const Json& memory : At(row, "memory_usage"))
      version.memory_bytes += CountAt(memory, "byte_size");
  }
}

}  // namespace

Result<std::vector<ServedVersion>> ParseServedVersions(std::string_view index,
                                                       std::string_view statistics) {
  const Result<Json> rows = ParseJson(index);
  if (!rows.ok() || !rows->is_array()) return NotAnIndex();
  std::vector<ServedVersion> versions;
  for (const Json& row : *rows) {
    versions.push_back({.name = TextAt(row, "name"),
                        .version = TextAt(row, "version"),
                        .state = TextAt(row, "state"),
                        .reason = TextAt(row, "reason")});
    if (versions.back().name.empty()) return NotAnIndex();
  }
  const Result<Json> counts = ParseJson(statistics.empty() ? "{}" : statistics);
  if (!counts.ok()) return NotAnIndex();
  for (const Json& row : At(*counts, "model_stats")) AddCounts(row, versions);
  return versions;
}

}  // namespace slipway::cli
