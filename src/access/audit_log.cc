#include "access/audit_log.h"

#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/timestamp.h"

namespace slipway::access {
namespace {

constexpr Quota kRefusedQuota{.rate = {.per_second = 10, .burst = 100}};
constexpr std::size_t kMostTargetBytes = 256;

OrderedJson ToJson(const AuditEvent& event, WallTime now) {
  OrderedJson json = {{"time", Rfc3339(now)}};
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
  SLIPWAY_TRY(LineFile file, LineFile::Open(path));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(file), clock));
}

void AuditLog::Record(const AuditEvent& event) {
  const bool is_left_out = event.result == "refused" &&
                           refused_.Enter(kRefusedQuota, clock_).part != Overuse::Part::kNone;
  const std::lock_guard lock(mutex_);
  if (is_left_out) {
    ++left_out_;
    return;
  }
  OrderedJson json = ToJson(event, clock_.WallNow());
  if (left_out_ > 0) json["left_out"] = left_out_;
  const Status written = file_.Append(DumpJson(json) + "\n").status;
  if (written.ok()) {
    left_out_ = 0;
    is_failing_ = false;
    return;
  }
  lost_.Add();
  if (!std::exchange(is_failing_, true))
    Log(LogLevel::kError, "administrative acts are not recorded: {}", written.ToString());
}

}  // namespace slipway::access
