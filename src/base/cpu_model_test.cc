#include "base/cpu_model.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

std::string FeaturesOf(const std::string& info) {
  const TemporaryDirectory root = TemporaryDirectory::Create("cpu-").value();
  EXPECT_TRUE(MakeDirectories(root.path() + "/proc").ok());
  EXPECT_TRUE(WriteFileAtomically(root.path() + "/proc/cpuinfo", info).ok());
  return CpuFeatures(root.path());
}

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

TEST(CpuFeatures, DifferWhereTheFirstProcessorCanDoOtherThings) {
  const std::string one = FeaturesOf("processor\t: 0\nflags\t: avx avx2\ncpu MHz\t: 1\n");
  EXPECT_FALSE(one.empty());
  EXPECT_NE(one, FeaturesOf("processor\t: 0\nflags\t: avx\ncpu MHz\t: 1\n"));
  EXPECT_EQ(one, FeaturesOf("processor\t: 3\nflags\t: avx avx2\ncpu MHz\t: 9\n\nflags\t: x\n"));
}

TEST(CpuFeatures, AreNothingWhereTheKernelDoesNotSay) {
  EXPECT_EQ(FeaturesOf("processor\t: 0\ncpu MHz\t: 1\n"), "");
  const TemporaryDirectory root = TemporaryDirectory::Create("cpu-").value();
  EXPECT_EQ(CpuFeatures(root.path()), "");
}

}  // namespace
}  // namespace slipway
