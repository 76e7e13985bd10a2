#include "base/heap.h"

#include <jemalloc/jemalloc.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/types.h>

#include <algorithm>
#include <limits>
#include <string>

// jemalloc's control (jemalloc(3)), where the process has it.
#pragma weak mallctl

namespace slipway {
namespace {

template <class Value>
Value JemallocValue(const std::string& name) {
  Value value{};
  std::size_t size = sizeof value;
  mallctl(name.c_str(), &value, &size, nullptr, 0);
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

/// The arena after those that threads are given is that of the blocks of 8 MiB and more, of all
/// threads. It begins with the first of them, or when a thread moves there.
bool KeepsFreedLargeBlocks() {
  const auto own = JemallocValue<unsigned>("thread.arena");
  const auto large = JemallocValue<unsigned>("opt.narenas");
  SetJemallocValue("thread.arena", large);
  SetJemallocValue("thread.arena", own);
  KeepsFreedPages(large);
  return true;
}

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// How an arena takes memory from the system: as another does, but in huge pages.
struct HugePageHooks : extent_hooks_t {
  explicit HugePageHooks(extent_hooks_t* other) : extent_hooks_t(*other), original(other) {
    alloc = Allocate;
  }

  static void* Allocate(extent_hooks_t* self, void* place, std::size_t size, std::size_t alignment,
                        bool* is_zero, bool* is_committed, unsigned arena) {
    extent_hooks_t* const original = static_cast<HugePageHooks*>(self)->original;
    const bool is_huge = size >= kHugePage;
    if (is_huge && place == nullptr) alignment = std::max(alignment, kHugePage);
    void* const extent =
        original->alloc(original, place, size, alignment, is_zero, is_committed, arena);
    if (is_huge && extent != nullptr) madvise(extent, size, MADV_HUGEPAGE);
    return extent;
  }

  extent_hooks_t* original;
};

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

void UseHugePages() {
  if (mallctl == nullptr) return;
  static HugePageHooks in_huge_pages(JemallocValue<extent_hooks_t*>("arena.0.extent_hooks"));
  // With its hooks from the beginning, what the arena writes about itself would have a huge page.
  const auto arena = JemallocValue<unsigned>("arenas.create");
  if (arena == 0) return KeepFreedBlocks();  // there are some thousands already
  SetJemallocValue<extent_hooks_t*>(NameOfArena(arena) + ".extent_hooks", &in_huge_pages);
  SetJemallocValue("thread.arena", arena);
  KeepsFreedPages(arena);
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
