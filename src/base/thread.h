#pragma once

namespace slipway {

/// Gives the calling thread a name of at most 15 bytes, as `top -H` shows it.
void NameThread(const char* name);

/// The calling thread, and those it starts, gives way: while others of the process have work, it
/// gets a tenth of what one of them gets, and all of a core that nobody else wants (nice(1) 10
/// higher). For good: without privileges there is no way back.
void GiveWay();

}  // namespace slipway
