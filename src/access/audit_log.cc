#include "access/audit_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace slipway::access {
namespace {

constexpr Quota kRefusedQuota{.rate = {.per_second = 10, .burst = 100}};
constexpr std::size_t kMostTargetBytes = 256;

Result<FileDescriptor> OpenToAppend(const std::string& path) {
  // Not waiting: a pipe that nobody reads must not stop a server.
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
  if (file.valid()) return file;
  return ErrnoStatus(errno, fmt::format("cannot open the audit log {}", path));
}

std::string Timestamp(WallTime now) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), milliseconds % 1000);
}

OrderedJson ToJson(const AuditEvent& event, WallTime now) {
  OrderedJson json = {{"time", Timestamp(now)}};
  json["by"] =
      event.protocol == "server"
          ? "server"
          : CallerKindName(event.caller == nullptr ? CallerKind::kAnonymous : event.caller->kind);
  if (event.caller != nullptr && !event.caller->id.empty()) {
    json["name"] = event.caller->name;
    json["id"] = event.caller->id;
  }
  if (!event.from.empty()) json["from"] = event.from;
  json["protocol"] = event.protocol;
  json["act"] = event.act;
  if (!event.target.empty()) json["target"] = Printable(event.target, kMostTargetBytes);
  json["result"] = event.result;
  json["code"] = event.code;
  return json;
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path, const Clock& clock) {
  SLIPWAY_TRY(FileDescriptor file, OpenToAppend(path));
  return std::unique_ptr<AuditLog>(new AuditLog(path, std::move(file), clock));
}

void AuditLog::Record(const AuditEvent& event) {
  const bool is_left_out = event.result == "refused" &&
                           refused_.Enter(kRefusedQuota, clock_.Now()).part != Overuse::Part::kNone;
  const std::lock_guard lock(mutex_);
  if (is_left_out) {
    ++left_out_;
    return;
  }
  OrderedJson json = ToJson(event, clock_.WallNow());
  if (left_out_ > 0) json["left_out"] = left_out_;
  const Status written = Write(DumpJson(json) + "\n");
  if (written.ok()) {
    left_out_ = 0;
    is_failing_ = false;
    return;
  }
  lost_.Add();
  if (!std::exchange(is_failing_, true))
    Log(LogLevel::kError, "administrative acts are not recorded: {}", written.ToString());
}

Status AuditLog::Write(std::string line) {
  SLIPWAY_RETURN_IF_ERROR(FollowName());
  if (within_line_) line.insert(0, "\n");
  const ssize_t count = write(file_.get(), line.data(), line.size());
  if (count == static_cast<ssize_t>(line.size())) {
    within_line_ = false;
    return {};
  }
  const int error = count < 0 ? errno : ENOSPC;
  within_line_ = within_line_ || count > 0;
  return ErrnoStatus(error, fmt::format("cannot write to {}", path_));
}

/// Whoever rotates logs has given the file another name: the next line begins a new one.
Status AuditLog::FollowName() {
  struct stat named{};
  struct stat opened{};
  if (stat(path_.c_str(), &named) == 0 && fstat(file_.get(), &opened) == 0 &&
      named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
    return {};
  SLIPWAY_TRY(file_, OpenToAppend(path_));
  within_line_ = false;
  return {};
}

}  // namespace slipway::access
