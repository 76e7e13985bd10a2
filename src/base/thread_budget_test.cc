#include "base/thread_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

/// A tree that stands for /proc and /sys.
class System {
 public:
  System& With(const std::string& path, std::string_view content) {
    const std::string whole = folder_.path() + path;
    EXPECT_TRUE(MakeDirectories(whole.substr(0, whole.rfind('/'))).ok());
    EXPECT_TRUE(WriteFileAtomically(whole, content).ok());
    return *this;
  }
  const std::string& root() const { return folder_.path(); }

 private:
  TemporaryDirectory folder_ = TemporaryDirectory::Create("budget").value();
};

TEST(ThreadBudget, IsTheAffinityWithoutAQuota) {
  const ThreadBudget budget = DetectThreadBudget(System().root());
  EXPECT_GE(budget.cores, 1U);
  EXPECT_THAT(budget.why, HasSubstr("no cgroup quota"));
}

TEST(ThreadBudget, RoundsAQuotaUp) {
  System system;
  system.With("/proc/self/cgroup", "0::/\n").With("/sys/fs/cgroup/cpu.max", "10000 100000\n");
  const ThreadBudget budget = DetectThreadBudget(system.root());
  EXPECT_EQ(budget.cores, 1U);
  EXPECT_THAT(budget.why, HasSubstr("cgroup quota 10000/100000"));
}

TEST(ThreadBudget, TakesTheTightestOfTheCgroupsAbove) {
  System system;
  system.With("/proc/self/cgroup", "1:name=systemd:/x\n0::/pod/container\n")
      .With("/sys/fs/cgroup/pod/cpu.max", "50000 100000\n")
      .With("/sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  EXPECT_THAT(DetectThreadBudget(system.root()).why, HasSubstr("50000/100000"));
}

TEST(ThreadBudget, ReadsVersionOneOfCgroups) {
  System system;
  system.With("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "70000\n")
      .With("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_THAT(DetectThreadBudget(system.root()).why, HasSubstr("70000/100000"));
  system.With("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_THAT(DetectThreadBudget(system.root()).why, HasSubstr("no cgroup quota"));
}

TEST(ThreadBudget, IgnoresNonsense) {
  System system;
  system.With("/proc/self/cgroup", "0::/\n").With("/sys/fs/cgroup/cpu.max", "a b c\n");
  EXPECT_THAT(DetectThreadBudget(system.root()).why, HasSubstr("no cgroup quota"));
}

TEST(MemoryLimit, IsTheLeastOfMachineAndCgroups) {
  System system;
  const std::uint64_t machine = DetectMemoryLimit(system.root());
  EXPECT_GT(machine, std::uint64_t{1} << 20);
  system.With("/proc/self/cgroup", "0::/a\n").With("/sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(DetectMemoryLimit(system.root()), machine);
  system.With("/sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_EQ(DetectMemoryLimit(system.root()), 1048576U);
}

}  // namespace
}  // namespace slipway
