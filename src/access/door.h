#pragma once

#include <cstdint>

#include "access/right.h"
#include "base/status.h"

namespace slipway::access {

/// By which listener a request came in.
enum class Door : std::uint8_t {
  kOnly,    ///< there is one for everything
  kPublic,  ///< what is for everybody, beside an admin listener
  kAdmin,   ///< what is for operators: everything but inference
};

/// PermissionDenied (kWrongDoor): that is served by the other listener. Whoever asks is not looked
/// at: no key opens it here.
Status CheckDoor(Door door, Right right);

}  // namespace slipway::access
