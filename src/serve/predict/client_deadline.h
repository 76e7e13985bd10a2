#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace slipway::serve {

/// The time in a header that bounds a request ("250m": at most eight digits and one of H M S m u
/// n), as gRPC writes it. InvalidArgument, naming the header.
Result<std::chrono::nanoseconds> ParseTimeout(std::string_view header, std::string_view text);

/// When the client stops waiting: the earlier of what its header and its request say, and never
/// more than `longest` after `received`. Absent: it said neither; a `wished` of 0 or less says
/// nothing.
std::optional<MonotonicTime> EarliestDeadline(MonotonicTime received,
                                              std::optional<std::chrono::nanoseconds> by_header,
                                              std::optional<std::chrono::microseconds> wished,
                                              std::chrono::nanoseconds longest);

}  // namespace slipway::serve
