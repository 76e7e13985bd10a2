#include "serve/model/kept_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "slipway-profile/1";
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 10;
constexpr std::size_t kMachineDigits = 16;
constexpr std::int64_t kMostRows = std::int64_t{1} << 20;
constexpr std::int64_t kMostNanoseconds = std::int64_t{3600} * 1'000'000'000;

bool Says(const Json& json, const char* field, std::string_view text) {
  const auto found = json.find(field);
  return found != json.end() && found->is_string() && found->get_ref<const std::string&>() == text;
}

std::optional<std::int64_t> NumberWithin(const Json& json, std::int64_t most) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > static_cast<std::uint64_t>(most))
    return std::nullopt;
  return json.get<std::int64_t>();
}

std::optional<BatchProfile::Point> ReadPoint(const Json& json) {
  if (!json.is_array() || json.size() != 2) return std::nullopt;
  const auto rows = NumberWithin(json[0], kMostRows);
  const auto time = NumberWithin(json[1], kMostNanoseconds);
  if (!rows || !time || *rows == 0 || *time == 0) return std::nullopt;
  return BatchProfile::Point{*rows, std::chrono::nanoseconds(*time)};
}

Result<BatchProfile> ReadPoints(const Json& json) {
  if (!json.is_array() || json.empty() || json.size() > KeptProfiles::kMostPoints)
    return InvalidArgument("no points");
  std::vector<BatchProfile::Point> points;
  for (const Json& each : json) {
    const auto point = ReadPoint(each);
    const std::int64_t before = points.empty() ? 0 : points.back().rows;
    if (!point || point->rows <= before) return InvalidArgument("a point that is none");
    points.push_back(*point);
  }
  if (points.front().rows != 1) return InvalidArgument("no point of one row");
  return BatchProfile(std::move(points));
}

/// Removes the oldest files where there are as many as there may be.
void MakeRoom(const std::string& folder) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    files.emplace_back(each->last_write_time(error), each->path());
  if (files.size() < KeptProfiles::kMostFiles) return;
  std::ranges::sort(files);
  for (std::size_t i = 0; i <= files.size() - KeptProfiles::kMostFiles; ++i)
    fs::remove(files[i].second, error);
}

}  // namespace

std::string EncodeProfile(const std::string& package, const std::string& machine,
                          const BatchProfile& profile) {
  Json points = Json::array();
  for (const BatchProfile::Point& point : profile.points())
    points.push_back({point.rows, point.time.count()});
  return DumpJson(Json{{"schema", kSchema},
                       {"package", package},
                       {"machine", machine},
                       {"rows_and_nanoseconds", std::move(points)}}) +
         "\n";
}

Result<BatchProfile> DecodeProfile(std::string_view text, const std::string& package,
                                   const std::string& machine) {
  SLIPWAY_TRY(const Json json, ParseJson(text, {.max_depth = 3, .max_bytes = kMaxFileBytes}));
  if (!json.is_object() || !Says(json, "schema", kSchema))
    return InvalidArgument(fmt::format("not of the schema {}", kSchema));
  if (!Says(json, "package", package)) return InvalidArgument("of another package");
  if (!Says(json, "machine", machine)) return InvalidArgument("of another machine");
  const auto points = json.find("rows_and_nanoseconds");
  return points == json.end() ? InvalidArgument("no points") : ReadPoints(*points);
}

KeptProfiles::KeptProfiles(std::string folder, std::string machine)
    : folder_(std::move(folder)), machine_(std::move(machine)) {}

std::string KeptProfiles::PathOf(const std::string& package) const {
  const Result<Digest> digest = ParseDigest(package);
  if (folder_.empty() || !digest.ok()) return "";
  return fmt::format("{}/{}-{}.json", folder_, digest->Hex(),
                     Sha256Of(machine_).Hex().substr(0, kMachineDigits));
}

std::optional<BatchProfile> KeptProfiles::Find(const std::string& package) const {
  const std::string path = PathOf(package);
  if (path.empty()) return std::nullopt;
  const Result<std::string> text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return std::nullopt;
  Result<BatchProfile> profile = DecodeProfile(*text, package, machine_);
  if (profile.ok()) return std::move(*profile);
  Log(LogLevel::kWarning, "the profile kept for {} cannot be used: {}", package,
      profile.status().ToString());
  return std::nullopt;
}

void KeptProfiles::Keep(const std::string& package, const BatchProfile& profile) const {
  const std::string path = PathOf(package);
  if (path.empty() || !profile.IsKnown() || profile.points().size() > kMostPoints) return;
  Status kept = MakeDirectories(folder_);
  if (kept.ok()) {
    std::error_code error;
    if (!fs::exists(path, error)) MakeRoom(folder_);
    kept = WriteFileAtomically(path, EncodeProfile(package, machine_, profile));
  }
  if (!kept.ok())
    Log(LogLevel::kInfo, "the profile of {} is not kept: {}", package, kept.ToString());
}

}  // namespace slipway::serve
