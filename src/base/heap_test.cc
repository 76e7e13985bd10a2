#include "base/heap.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace slipway {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// What a file of the process's says of its memory.
std::size_t BytesOf(std::string_view field, const char* file) {
  std::ifstream lines(file);
  std::string word;
  while (lines >> word && word != field) {
  }
  std::size_t kibibytes = 0;
  lines >> kibibytes;
  return kibibytes * 1024;
}

/// Bytes of memory that this process has touched and not given back.
std::size_t Resident() { return BytesOf("VmRSS:", "/proc/self/status"); }

/// Bytes of memory that this process has in huge pages.
std::size_t InHugePages() { return BytesOf("AnonHugePages:", "/proc/self/smaps_rollup"); }

/// True under a sanitizer, which keeps what is freed, to find its use.
bool FreedIsKept() {
  std::ifstream maps("/proc/self/maps");
  const std::string text((std::istreambuf_iterator<char>(maps)), {});
  return text.find("libasan") != std::string::npos || text.find("libtsan") != std::string::npos;
}

bool RunsOnJemalloc() { return dlsym(RTLD_DEFAULT, "mallctl") != nullptr; }

/// How often this process has touched a page that was not there.
long PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

using Blocks = std::vector<std::vector<char>>;

Blocks MakeBlocks(std::size_t count, std::size_t bytes) {
  return Blocks(count, std::vector<char>(bytes, 'x'));
}

TEST(Heap, LargeBlocksGoBackAtOnceHoweverManyWereFreed) {
  if (FreedIsKept()) GTEST_SKIP();
  ReturnLargeBlocksAtOnce();
  MakeBlocks(1, 31 * kMiB);
  const std::size_t before = Resident();
  Blocks blocks = MakeBlocks(12, 4 * kMiB);
  const Blocks lasting = MakeBlocks(1, 1000);
  blocks = {};
  EXPECT_LT(Resident(), before + 8 * kMiB);
}

TEST(Heap, SmallBlocksGoBackWhenAsked) {
  if (FreedIsKept()) GTEST_SKIP();
  const std::size_t before = Resident();
  Blocks blocks = MakeBlocks(64 * 1024, 1000);
  const Blocks lasting = MakeBlocks(1, 1000);  // what is free lies between what is not
  blocks = {};
  ReturnFreeBlocks();
  EXPECT_LT(Resident(), before + 8 * kMiB);
}

TEST(Heap, WhatAThreadHoldsIsCountedWhateverOthersDo) {
  if (!RunsOnJemalloc()) {
    EXPECT_FALSE(HeapOfThisThread().has_value());
    return;
  }
  const std::int64_t before = *HeapOfThisThread();
  Blocks lasting = MakeBlocks(4, 1 * kMiB);
  Blocks theirs;
  std::thread([&] { theirs = MakeBlocks(8, 1 * kMiB); }).join();
  const auto growth = static_cast<std::size_t>(*HeapOfThisThread() - before);
  EXPECT_GE(growth, 4 * kMiB);
  EXPECT_LT(growth, 6 * kMiB);
  lasting = {};
  EXPECT_LT(*HeapOfThisThread() - before, static_cast<std::int64_t>(kMiB));
}

TEST(Heap, BlocksThatAreKeptComeAgainWithTheirPages) {
  if (FreedIsKept() || !RunsOnJemalloc()) GTEST_SKIP() << "the C library has a rule of its own";
  KeepFreedBlocks();
  MakeBlocks(12, 4 * kMiB);
  MakeBlocks(1, 20 * kMiB);
  const long before = PageFaults();
  MakeBlocks(12, 4 * kMiB);
  MakeBlocks(1, 20 * kMiB);
  EXPECT_LT(PageFaults(), before + 100);  // of 17,408 pages
}

/// False where the system never has any, and where it gives them to everybody.
bool HugePagesAreForWhoAsks() {
  std::ifstream setting("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string text;
  return std::getline(setting, text) && text.find("[madvise]") != std::string::npos;
}

TEST(Heap, AThreadThatAsksGetsHugePages) {
  if (FreedIsKept() || !RunsOnJemalloc() || !HugePagesAreForWhoAsks()) GTEST_SKIP();
  const std::size_t before = InHugePages();
  Blocks blocks;
  std::thread([&] {
    UseHugePages();
    blocks = MakeBlocks(64, 1 * kMiB);
  }).join();
  EXPECT_GT(InHugePages(), before + 32 * kMiB);
}

}  // namespace
}  // namespace slipway
