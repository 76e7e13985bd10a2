#include "base/freed_memory.h"

#include <malloc.h>

namespace slipway {

void ReturnLargeBlocksAtOnce() {
  // The allocator's defaults; setting them ends their growth with every large block that is freed.
  constexpr int kLargeBlock = 128 << 10;
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_TRIM_THRESHOLD, kLargeBlock);
}

}  // namespace slipway
