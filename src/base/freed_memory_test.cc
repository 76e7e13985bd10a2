#include "base/freed_memory.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <vector>

namespace slipway {
namespace {

TEST(ReturnLargeBlocksAtOnce, LargeBlocksAreMappedOneByOneHoweverManyWereFreed) {
  if (mallinfo2().arena == 0) GTEST_SKIP() << "a sanitizer keeps what is freed, to find its use";
  ReturnLargeBlocksAtOnce();
  {
    const std::vector<std::byte> freed(std::size_t{8} << 20);
  }
  const std::size_t before = mallinfo2().hblkhd;
  const std::vector<std::byte> block(std::size_t{4} << 20);
  EXPECT_GE(mallinfo2().hblkhd, before + block.size());
}

}  // namespace
}  // namespace slipway
