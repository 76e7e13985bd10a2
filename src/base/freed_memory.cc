#include "base/freed_memory.h"

#include <malloc.h>
#include <sys/types.h>

#include <limits>
#include <string>

/// jemalloc's control (jemalloc(3)), where the process has it.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old_value, std::size_t* old_size,
                                     void* new_value, std::size_t new_size);

namespace slipway {
namespace {

template <class Value>
Value JemallocValue(const char* name) {
  Value value{};
  std::size_t size = sizeof value;
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

template <class Value>
void SetJemallocValue(const std::string& name, Value value) {
  mallctl(name.c_str(), nullptr, nullptr, &value, sizeof value);
}

unsigned JemallocArenas() { return JemallocValue<unsigned>("arenas.narenas"); }

std::string NameOfArena(unsigned arena) { return "arena." + std::to_string(arena); }

void JemallocKeepsNothing() {
  constexpr ssize_t kNotAtAll = 0;
  SetJemallocValue("arenas.dirty_decay_ms", kNotAtAll);
  for (unsigned arena = 0; arena < JemallocArenas(); ++arena)
    SetJemallocValue(NameOfArena(arena) + ".dirty_decay_ms", kNotAtAll);
}

/// Free pages that lie side by side are one extent, and the default is to give an extent of 8 MiB
/// back at once, however young its pages are.
void KeepsFreedPages(unsigned arena) {
  constexpr ssize_t kMilliseconds = 60'000;
  constexpr std::size_t kNoExtent = std::numeric_limits<std::size_t>::max() / 2;
  SetJemallocValue(NameOfArena(arena) + ".dirty_decay_ms", kMilliseconds);
  SetJemallocValue(NameOfArena(arena) + ".oversize_threshold", kNoExtent);
}

/// The last arena is that of the blocks of 8 MiB and more, of all threads. It begins with the first
/// of them, or when a thread moves there.
bool KeepsFreedLargeBlocks() {
  const auto own = JemallocValue<unsigned>("thread.arena");
  const unsigned large = JemallocArenas() - 1;
  SetJemallocValue("thread.arena", large);
  SetJemallocValue("thread.arena", own);
  KeepsFreedPages(large);
  return true;
}

void JemallocReturns() {
  // What the calling thread alone has cached goes first, then every arena's.
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  const std::string name = NameOfArena(JemallocArenas()) + ".purge";
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

void KeepFreedBlocks() {
  if (mallctl == nullptr) return;
  [[maybe_unused]] static const bool once = KeepsFreedLargeBlocks();
  KeepsFreedPages(JemallocValue<unsigned>("thread.arena"));
}

std::optional<std::int64_t> HeapOfThisThread() {
  if (mallctl == nullptr) return std::nullopt;
  return static_cast<std::int64_t>(JemallocValue<std::uint64_t>("thread.allocated") -
                                   JemallocValue<std::uint64_t>("thread.deallocated"));
}

void ReturnFreeBlocks() {
  if (mallctl != nullptr) return JemallocReturns();
  malloc_trim(0);
}

}  // namespace slipway
