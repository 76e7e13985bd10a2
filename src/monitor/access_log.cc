#include "monitor/access_log.h"

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "monitor/access_line.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kEnough = 64 * 1024;

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const AccessLogOptions& options) {
  SLIPWAY_TRY(LineFile file, options.path == "-" ? LineFile::StandardOutput()
                                                 : LineFile::Open(options.path, options.max_bytes));
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(file)));
}

void AccessLog::Take(const KeptRequest& request) {
  AppendAccessLine(request, lines_);
  ++count_;
  if (lines_.size() >= kEnough) Flush();
}

void AccessLog::Flush() {
  if (count_ == 0) return;
  const LineFile::Written written = file_.Append(lines_);
  const std::string_view whole = std::string_view(lines_).substr(0, written.bytes);
  const auto lines = static_cast<std::size_t>(std::ranges::count(whole, '\n'));
  written_.Add(lines);
  lost_.Add(count_ - lines);
  lines_.clear();
  count_ = 0;
  const bool was_failing = std::exchange(is_failing_, !written.status.ok());
  if (is_failing_ && !was_failing)
    Log(LogLevel::kError, "requests are missing in the access log: {}", written.status.ToString());
}

}  // namespace slipway::monitor
