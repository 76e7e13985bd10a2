#pragma once

#include <string>

#include "base/clock.h"

namespace slipway {

/// "2026-01-31T09:30:00.250Z", as logs have it (RFC 3339).
std::string Rfc3339(WallTime time);

}  // namespace slipway
