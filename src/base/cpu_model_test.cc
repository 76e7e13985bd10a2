#include "base/cpu_model.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

TEST(CpuModel, IsTheNameOfTheFirstProcessor) {
  const TemporaryDirectory root = TemporaryDirectory::Create("cpu-").value();
  ASSERT_TRUE(MakeDirectories(root.path() + "/proc").ok());
  ASSERT_TRUE(WriteFileAtomically(root.path() + "/proc/cpuinfo",
                                  "processor\t: 0\nmodel name\t: Fast 3000 \nmodel\t\t: 7\n"
                                  "model name\t: Slow 1\n")
                  .ok());
  EXPECT_EQ(CpuModel(root.path()), "Fast 3000");
}

TEST(CpuModel, IsTheArchitectureWhereTheKernelSaysNoName) {
  const TemporaryDirectory root = TemporaryDirectory::Create("cpu-").value();
  EXPECT_FALSE(CpuModel(root.path()).empty());
}

}  // namespace
}  // namespace slipway
