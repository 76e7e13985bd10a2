#pragma once

namespace slipway {

// Both for the C library's allocator and for jemalloc, whichever the process runs on.

/// From now on this process gives blocks of 128 KiB and more back to the system the moment they are
/// freed. An allocator's own rule keeps some for a while, which is faster where blocks are used
/// again and again, as by a server, and wasteful where a program works on one large thing after
/// another. For the whole process and for good: a program calls it where it begins.
void ReturnLargeBlocksAtOnce();

/// Gives back what is free now. Takes up to some milliseconds.
void ReturnFreeBlocks();

}  // namespace slipway
