#pragma once

#include <cstdint>
#include <optional>

namespace slipway {

// What is asked of the allocator that the process runs on: the C library's or jemalloc.

/// From now on this process gives blocks of 128 KiB and more back to the system the moment they are
/// freed. An allocator's own rule keeps some for a while, which is faster where blocks are used
/// again and again, as by a server, and wasteful where a program works on one large thing after
/// another. For the whole process and for good: a program calls it where it begins.
void ReturnLargeBlocksAtOnce();

/// From now on what the calling thread allocates is kept for a minute after it was freed, for the
/// next to use: each run of a model uses the blocks of the run before, and what jemalloc would have
/// given back in between comes again page by page. Where the C library allocates, nothing is done:
/// it keeps such blocks anyway. Threads that serve call it where they begin.
void KeepFreedBlocks();

/// From now on the calling thread allocates from memory of its own, which jemalloc takes from the
/// system in pages of 2 MiB, where there are any (madvise(2), MADV_HUGEPAGE), and keeps as
/// KeepFreedBlocks() says: a run of a model goes through more memory than the processor knows small
/// pages of, and is quicker in large ones. Takes up to some MiB more, for what is touched of a page
/// has all of it. Where the C library allocates, nothing is done. Threads that run models and
/// nothing else call it where they begin; such memory outlives them.
void UseHugePages();

/// What the calling thread has allocated and nobody has freed, less what it freed of others: the
/// difference of two moments says what came to stay in between. Exact, whatever other threads do;
/// absent where the C library allocates, which does not count.
std::optional<std::int64_t> HeapOfThisThread();

/// Gives back what is free now. Takes up to some milliseconds.
void ReturnFreeBlocks();

}  // namespace slipway
