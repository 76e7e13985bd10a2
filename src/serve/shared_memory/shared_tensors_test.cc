#include "serve/shared_memory/shared_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SharedTensorsTest : public testing::Test {
 protected:
  SharedTensorsTest() {
    const std::array<float, 4> values = {1, 2, 3, 4};
    EXPECT_TRUE(WriteFileAtomically(folder_.path() + "/o", std::as_bytes(std::span(values))).ok());
    EXPECT_TRUE(table_.Register({.name = "r", .key = "/o", .byte_size = 16}).ok());
  }

  Result<TensorView> Read(const TensorView& tensor, std::uint64_t offset, std::uint64_t byte_size,
                          std::uint64_t max_bytes = 1024) {
    SharedInputs inputs(&table_, max_bytes);
    return inputs.Read({.region = "r", .offset = offset, .byte_size = byte_size}, tensor, memory_);
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("shm").value();
  RegionTable table_{{}, folder_.path()};
  std::list<TensorBuffer> memory_;
};

TEST_F(SharedTensorsTest, AnInputIsCopiedOnceAndStaysAsItWas) {
  const TensorView tensor = Read({DType::kF32, {1, 2}, {}}, 8, 8).value();
  ASSERT_TRUE(WriteFileAtomically(folder_.path() + "/o", std::string(16, '\0')).ok());
  EXPECT_THAT(tensor.As<float>(), ElementsAre(3, 4));
  EXPECT_EQ(tensor.shape, Shape({1, 2}));
}

TEST_F(SharedTensorsTest, AnInputHasTheSizeOfItsShape) {
  for (const std::uint64_t size : {4, 12}) {
    const Status status = Read({DType::kF32, {2}, {}}, 0, size).status();
    EXPECT_EQ(status.number(), errors::kTensorDataMismatch) << size;
  }
  EXPECT_TRUE(Read({DType::kString, {2}, {}}, 0, 5).ok()) << "only its lengths can tell";
  EXPECT_TRUE(Read({DType::kF32, {0}, {}}, 16, 0).ok());
}

TEST_F(SharedTensorsTest, TheInputsOfARequestAreBoundedTogether) {
  SharedInputs inputs(&table_, 20);
  const SharedPlace place{.region = "r", .byte_size = 16};
  const TensorView tensor{DType::kF32, {4}, {}};
  EXPECT_TRUE(inputs.Read(place, tensor, memory_).ok());
  EXPECT_EQ(inputs.Read(place, tensor, memory_).status().number(), errors::kBodyTooLarge);
}

TEST_F(SharedTensorsTest, WithoutATableSharedMemoryIsOff) {
  SharedInputs inputs(nullptr, 20);
  const SharedPlace place{.region = "r", .byte_size = 4};
  const Status status = inputs.Read(place, {DType::kF32, {1}, {}}, memory_).status();
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("--shared-memory"));
  EXPECT_EQ(FindOutputRange(nullptr, place).status().code(), Code::kUnimplemented);
}

TEST_F(SharedTensorsTest, AnOutputNeedsRoom) {
  const std::array<float, 2> values = {7, 8};
  const auto bytes = std::as_bytes(std::span(values));
  const SharedRange wide = FindOutputRange(&table_, {.region = "r", .byte_size = 16}).value();
  ASSERT_TRUE(WriteOutput(wide, "y", bytes).ok());
  EXPECT_THAT(Read({DType::kF32, {4}, {}}, 0, 16).value().As<float>(), ElementsAre(7, 8, 3, 4));
  const SharedRange narrow = FindOutputRange(&table_, {.region = "r", .byte_size = 7}).value();
  const Status status = WriteOutput(narrow, "y", bytes);
  EXPECT_EQ(status.number(), errors::kTensorDataMismatch);
  EXPECT_THAT(status.message(), HasSubstr("\"y\" has 8 bytes"));
}

}  // namespace
}  // namespace slipway::serve
