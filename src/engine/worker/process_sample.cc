#include "engine/worker/process_sample.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace slipway::engine {

namespace {

constexpr std::size_t kMaxProcBytes = 4096;

/// What proc(5) says of a thread from its state on, which is the third field; empty: it is gone.
/// The name in front of it stands in parentheses and may hold any character.
std::vector<std::string> StatFromState(const std::string& thread) {
  const Result<std::string> stat = ReadFile(thread + "/stat", kMaxProcBytes);
  if (!stat.ok()) return {};
  const std::size_t end = stat->rfind(')');
  if (end == std::string::npos || end + 2 >= stat->size()) return {};
  const std::vector<std::string_view> fields = Split(std::string_view(*stat).substr(end + 2), ' ');
  return {fields.begin(), fields.end()};
}

bool SleepsOrIsStopped(const std::vector<std::string>& stat) {
  return !stat.empty() && (stat[0] == "S" || stat[0] == "T" || stat[0] == "t");
}

}  // namespace

std::chrono::nanoseconds CpuTimeOf(pid_t process) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds CpuTimeOfThread(pid_t process, std::uint32_t thread) {
  constexpr std::size_t kUser = 14 - 3;
  constexpr std::size_t kSystem = 15 - 3;
  const std::vector<std::string> stat =
      StatFromState(fmt::format("/proc/{}/task/{}", process, thread));
  if (stat.size() <= kSystem) return {};
  const std::int64_t ticks =
      ParseInt64(stat[kUser]).value_or(0) + ParseInt64(stat[kSystem]).value_or(0);
  return ticks * std::chrono::nanoseconds(std::chrono::seconds(1)) / sysconf(_SC_CLK_TCK);
}

bool IsAsleep(pid_t process) {
  std::error_code error;
  const std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", process), error);
  if (error) return false;
  for (const std::filesystem::directory_entry& thread : threads) {
    if (!SleepsOrIsStopped(StatFromState(thread.path().string()))) return false;
  }
  return true;
}

}  // namespace slipway::engine
