#pragma once

namespace slipway {

/// From now on this process gives blocks of 128 KiB and more back to the system the moment they are
/// freed. The allocator's own rule keeps up to 64 MiB of them, which is faster where blocks are
/// used again and again, as by a server, and wasteful where a program works on one large thing
/// after another. For the whole process and for good: a program calls it where it begins.
void ReturnLargeBlocksAtOnce();

}  // namespace slipway
