#include "monitor/process_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMaxProcFileBytes = 64 * 1024;

// The fields of /proc/self/stat behind the program's name, which may hold anything: field 3 of
// proc(5) is the first here.
std::vector<std::string_view> StatFields(std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return {};
  return Split(Trim(stat.substr(name_end + 1)), ' ');
}

std::uint64_t StatField(const std::vector<std::string_view>& fields, std::size_t proc_number) {
  constexpr std::size_t kFirst = 3;
  const std::size_t index = proc_number - kFirst;
  return index < fields.size() ? ParseUint64(fields[index]).value_or(0) : 0;
}

std::uint64_t CountOpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (folder == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count > 0 ? count - 1 : 0;  // one of them reads the folder
}

double BootUnixSeconds() {
  const Result<std::string> stat = ReadFile("/proc/stat", std::size_t{1} << 24);
  if (!stat.ok()) return 0;
  for (const std::string_view line : Split(*stat, '\n')) {
    if (line.starts_with("btime "))
      return static_cast<double>(ParseUint64(Trim(line.substr(6))).value_or(0));
  }
  return 0;
}

double StartUnixSeconds(std::uint64_t ticks_after_boot, double ticks_per_second) {
  static const double boot = BootUnixSeconds();  // neither moves while the process lives
  return boot > 0 ? boot + static_cast<double>(ticks_after_boot) / ticks_per_second : 0;
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  const Result<std::string> stat = ReadFile("/proc/self/stat", kMaxProcFileBytes);
  if (stat.ok()) {
    const std::vector<std::string_view> fields = StatFields(*stat);
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    usage.cpu_seconds = static_cast<double>(StatField(fields, 14) + StatField(fields, 15)) / ticks;
    usage.threads = StatField(fields, 20);
    usage.start_unix_seconds = StartUnixSeconds(StatField(fields, 22), ticks);
    usage.virtual_bytes = StatField(fields, 23);
    usage.resident_bytes =
        StatField(fields, 24) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  usage.open_descriptors = CountOpenDescriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_descriptors = limit.rlim_cur;
  return usage;
}

}  // namespace slipway::monitor
