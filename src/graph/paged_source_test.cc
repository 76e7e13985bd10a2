#include "graph/paged_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace slipway::graph {
namespace {

constexpr std::size_t kBytes = 16 << 20;

/// Resident memory of this process that files and shared memory back.
std::size_t ResidentFileBytes() {
  const Result<std::string> statm = ReadFile("/proc/self/statm");
  unsigned long size = 0;
  unsigned long resident = 0;
  unsigned long shared = 0;
  EXPECT_TRUE(statm.ok());
  EXPECT_EQ(std::sscanf(statm->c_str(), "%lu %lu %lu", &size, &resident, &shared), 3);
  return shared * 4096;
}

std::shared_ptr<const MappedFile> MapOf(const std::string& content) {
  const TemporaryDirectory folder = TemporaryDirectory::Create("graph-test-").value();
  const std::string path = folder.path() + "/weights";
  EXPECT_TRUE(WriteFileAtomically(path, content).ok());
  return std::make_shared<const MappedFile>(MappedFile::Open(path).value());
}

TEST(PagedSource, HoldsAtMostItsShareOfTheFileHoweverLargeTheTensor) {
  const std::shared_ptr<const MappedFile> file = MapOf(std::string(kBytes, 'w'));
  PagedSource source(file);
  std::size_t count = 0;
  std::size_t most = 0;
  const std::size_t before = ResidentFileBytes();
  const Status status = source.ForEachPart(file->bytes(), [&](std::span<const std::byte> part) {
    count += static_cast<std::size_t>(std::ranges::count(part, std::byte{'w'}));
    most = std::max(most, ResidentFileBytes());
    return Status();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(count, kBytes);
  // The kernel maps neighbouring pages too, and counts in steps.
  EXPECT_LT(most, before + 4 * PagedSource::kMostBytes);
}

TEST(PagedSource, ManySmallTensorsSpendTheSameShare) {
  const std::shared_ptr<const MappedFile> file = MapOf(std::string(kBytes, 'w'));
  PagedSource source(file);
  constexpr std::size_t kTensor = 100'000;
  std::size_t most = 0;
  const std::size_t before = ResidentFileBytes();
  for (std::size_t at = 0; at + kTensor <= kBytes; at += kTensor) {
    const Status status = source.ForEachPart(
        file->bytes().subspan(at, kTensor), [&](std::span<const std::byte> part) {
          EXPECT_EQ(std::ranges::count(part, std::byte{'w'}), part.size());
          most = std::max(most, ResidentFileBytes());
          return Status();
        });
    ASSERT_TRUE(status.ok());
  }
  EXPECT_LT(most, before + 4 * PagedSource::kMostBytes);
}

TEST(PagedSource, StopsAtTheFirstPartThatFails) {
  const std::string bytes(3 * PagedSource::kMostBytes, 'w');
  int parts = 0;
  const Status status = PagedSource(nullptr).ForEachPart(
      std::as_bytes(std::span(bytes)), [&](std::span<const std::byte>) {
        return ++parts == 2 ? ResourceExhausted("the disk is full") : Status();
      });
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(parts, 2);
}

}  // namespace
}  // namespace slipway::graph
