#include "jobs/mapped_weights.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "base/clock.h"

namespace slipway::jobs {
namespace {

constexpr std::size_t kBytes = 32 << 20;

class AFileOfWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("jobs-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
    const std::string path = folder_->path() + "/weights";
    ASSERT_TRUE(WriteFileAtomically(path, std::string(kBytes, 'w')).ok());
    Result<FileDescriptor> file = OpenRegularFile(path);
    ASSERT_TRUE(file.ok());
    file_ = std::move(file).value();
  }

  std::optional<TemporaryDirectory> folder_;
  FileDescriptor file_;
};

graph::Tensor Initializer(std::string name, std::uint64_t offset) {
  graph::Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = DType::kF32;
  tensor.dims = {2, 8};
  tensor.external = graph::ExternalData{.location = "weights", .offset = offset, .length = 64};
  return tensor;
}

TEST_F(AFileOfWeights, GivesTheInitializersThatAreNoInputs) {
  graph::Graph graph;
  graph.inputs = {graph.AddValue("input")};
  graph.AddValue("kernel");
  graph.initializers = {Initializer("input", 0), Initializer("kernel", 128)};
  const Result<MappedWeights> mapped = MappedWeights::Map(graph, file_.get());
  ASSERT_TRUE(mapped.ok()) << mapped.status().ToString();
  ASSERT_EQ(mapped->weights().size(), 1U);
  const engine::Weight& kernel = mapped->weights()[0];
  EXPECT_EQ(kernel.name, "kernel");
  EXPECT_EQ(kernel.tensor.shape, (Shape{2, 8}));
  EXPECT_EQ(kernel.tensor.bytes.data(), mapped->file().bytes().data() + 128);
  EXPECT_EQ(kernel.tensor.bytes.size(), 64U);
}

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

std::size_t CountOf(std::span<const std::byte> bytes, char wanted) {
  std::size_t count = 0;
  for (const std::byte byte : bytes) count += byte == static_cast<std::byte>(wanted) ? 1 : 0;
  return count;
}

TEST_F(AFileOfWeights, GoesOutOfMemoryWhileAReleaserLivesAndReadsTheSame) {
  const Result<MappedFile> file = MappedFile::Map(file_.get());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(CountOf(file->bytes(), 'w'), kBytes);
  const std::size_t whole = ResidentFileBytes();
  const PageReleaser releaser(*file);
  const Stopwatch watch;
  while (ResidentFileBytes() + kBytes / 2 > whole && watch.Seconds() < 30) {
  }
  EXPECT_LT(ResidentFileBytes() + kBytes / 2, whole);
  EXPECT_EQ(CountOf(file->bytes(), 'w'), kBytes);
}

}  // namespace
}  // namespace slipway::jobs
