#include "base/thread_budget.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace slipway {

namespace {

constexpr std::size_t kSmallFile = 4096;

std::optional<std::string> ReadLine(const std::string& path) {
  const Result<std::string> content = ReadFile(path, kSmallFile);
  if (!content.ok()) return std::nullopt;
  return std::string(Trim(*content));
}

/// The process's own cgroup v2 path below /sys/fs/cgroup: "" at the root or when there is none.
std::string CgroupPath(const std::string& system_root) {
  const Result<std::string> text = ReadFile(system_root + "/proc/self/cgroup", kSmallFile);
  if (!text.ok()) return "";
  for (const std::string_view line : Split(*text, '\n')) {
    if (line.starts_with("0::")) return std::string(line.substr(3));
  }
  return "";
}

/// Calls `visit` with every cgroup folder from the process's own up to the root.
template <class Visit>
void ForEachCgroup(const std::string& system_root, Visit visit) {
  std::string path = CgroupPath(system_root);
  for (;;) {
    visit(system_root + "/sys/fs/cgroup" + path);
    const std::size_t slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) return;
    path.resize(slash);
  }
}

struct Quota {
  double quota;
  double period;
};

std::optional<Quota> CpuQuota(const std::string& system_root) {
  std::optional<Quota> least;
  const auto consider = [&](double quota, double period) {
    if (quota <= 0 || period <= 0) return;
    if (!least || quota / period < least->quota / least->period) least = Quota{quota, period};
  };
  ForEachCgroup(system_root, [&](const std::string& folder) {
    const std::optional<std::string> line = ReadLine(folder + "/cpu.max");
    if (!line) return;
    const auto parts = Split(*line, ' ');
    if (parts.size() != 2) return;
    const auto quota = ParseDouble(parts[0]);
    const auto period = ParseDouble(parts[1]);
    if (quota && period) consider(*quota, *period);
  });
  const auto quota = ReadLine(system_root + "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const auto period = ReadLine(system_root + "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (quota && period) {
    consider(ParseDouble(*quota).value_or(0), ParseDouble(*period).value_or(0));
  }
  return least;
}

unsigned AffinityCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

ThreadBudget DetectThreadBudget(const std::string& system_root) {
  const unsigned allowed = AffinityCores();
  const auto quota = CpuQuota(system_root);
  if (!quota) return {allowed, fmt::format("{} cores by affinity, no cgroup quota", allowed)};
  const auto by_quota =
      static_cast<unsigned>(std::max(1.0, std::ceil(quota->quota / quota->period)));
  return {std::min(allowed, by_quota),
          fmt::format("{} of {} cores: cgroup quota {:.0f}/{:.0f}", std::min(allowed, by_quota),
                      allowed, quota->quota, quota->period)};
}

std::uint64_t DetectMemoryLimit(const std::string& system_root) {
  std::uint64_t limit = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const auto consider = [&](const std::string& path) {
    const auto line = ReadLine(path);
    const auto bytes = line ? ParseUint64(*line) : std::nullopt;
    if (bytes && *bytes > 0) limit = std::min(limit, *bytes);
  };
  ForEachCgroup(system_root, [&](const std::string& folder) { consider(folder + "/memory.max"); });
  consider(system_root + "/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return limit;
}

}  // namespace slipway
