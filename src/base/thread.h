#pragma once

namespace slipway {

/// Gives the calling thread a name of at most 15 bytes, as `top -H` shows it.
void NameThread(const char* name);

/// The calling thread, and those it starts, gives way: while others of the process have work, it
/// gets a tenth of what one of them gets, and all of a core that nobody else wants (nice(1) 10
/// higher). For good: without privileges there is no way back.
void GiveWay();

/// The calling thread works often and for moments only, like an event loop: from now on it takes
/// turns of a tenth of a millisecond, and whoever is in the middle of a longer one makes way when
/// it wakes. Its share of a core stays as it was. Before Linux 6.12 nothing changes.
void TakeShortTurns();

}  // namespace slipway
