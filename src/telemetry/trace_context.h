#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::telemetry {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// What a caller says of the trace that its request belongs to (W3C Trace Context, traceparent).
struct TraceContext {
  TraceId trace_id{};
  SpanId parent_id{};  ///< the caller's span
  bool is_sampled = false;
  bool operator==(const TraceContext&) const = default;
};

/// Reads a traceparent header by section 3.2 of the recommendation: version 00 as it is defined,
/// a later one as far as 00 defined it. nullopt: to be ignored (wrong length, upper case, version
/// ff, an id of zeros).
std::optional<TraceContext> ParseTraceparent(std::string_view text);

/// Whether a tracestate header is one by section 3.3: at most 32 members of 512 bytes in all, keys
/// and values in their alphabets, no key twice. What is not is dropped, the traceparent stays.
bool IsTracestate(std::string_view text);

/// A traceparent header of version 00 that says it.
std::string ToTraceparent(const TraceContext& context);

/// What a request says of its trace to whom it is sent. Empty: nothing.
struct TraceHeaders {
  std::string traceparent;
  std::string tracestate;
  bool operator==(const TraceHeaders&) const = default;
};

/// Lower-case hexadecimal.
std::string ToHex(const TraceId& id);
std::string ToHex(const SpanId& id);

}  // namespace slipway::telemetry
