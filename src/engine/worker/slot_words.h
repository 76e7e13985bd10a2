#pragma once

#include <optional>

#include "base/clock.h"
#include "engine/worker/slot_layout.h"

namespace slipway::engine {

/// Sleeps until somebody wakes the word, unless it is another than `seen` already; or until that
/// time. May return for no reason. Between processes.
void SleepOn(SlotWord& word, std::uint32_t seen, std::optional<MonotonicTime> until);
void WakeAll(SlotWord& word);

}  // namespace slipway::engine
