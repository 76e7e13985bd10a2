#pragma once

#include <string>

#include "base/status.h"

namespace slipway::serve {

/// "message (at place); hint": the one text of an error, in every protocol.
std::string ErrorText(const Status& status);

}  // namespace slipway::serve
