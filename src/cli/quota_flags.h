#pragma once

#include <string_view>

#include "access/quota.h"
#include "base/status.h"
#include "cli/arguments.h"

namespace slipway::cli {

/// What three flags say: so many requests a second, at once, in flight. Those that are not given
/// limit nothing. InvalidArgument (kUsage): not a rate, a burst without a rate, out of bounds.
Result<access::Quota> ReadQuota(const Arguments& arguments, std::string_view rate,
                                std::string_view burst, std::string_view in_flight);

}  // namespace slipway::cli
