#include "base/freed_memory.h"

#include <malloc.h>
#include <sys/types.h>

#include <string>

/// jemalloc's control (jemalloc(3)), where the process has it.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old_value, std::size_t* old_size,
                                     void* new_value, std::size_t new_size);

namespace slipway {
namespace {

unsigned JemallocArenas() {
  unsigned arenas = 0;
  std::size_t size = sizeof arenas;
  mallctl("arenas.narenas", &arenas, &size, nullptr, 0);
  return arenas;
}

void JemallocKeepsNothing() {
  ssize_t milliseconds = 0;
  mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &milliseconds, sizeof milliseconds);
  for (unsigned arena = 0; arena < JemallocArenas(); ++arena) {
    const std::string name = "arena." + std::to_string(arena) + ".dirty_decay_ms";
    mallctl(name.c_str(), nullptr, nullptr, &milliseconds, sizeof milliseconds);
  }
}

void JemallocReturns() {
  // What the calling thread alone has cached goes first, then every arena's.
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  const std::string name = "arena." + std::to_string(JemallocArenas()) + ".purge";
  mallctl(name.c_str(), nullptr, nullptr, nullptr, 0);
}

}  // namespace

void ReturnLargeBlocksAtOnce() {
  if (mallctl != nullptr) return JemallocKeepsNothing();
  // The C library's defaults; setting them ends their growth with every large block that is freed.
  constexpr int kLargeBlock = 128 << 10;
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  mallopt(M_TRIM_THRESHOLD, kLargeBlock);
}

void ReturnFreeBlocks() {
  if (mallctl != nullptr) return JemallocReturns();
  malloc_trim(0);
}

}  // namespace slipway
