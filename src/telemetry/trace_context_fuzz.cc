// traceparent and tracestate as clients may send them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "telemetry/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto context = slipway::telemetry::ParseTraceparent(text)) {
    if (text.substr(3, 32) != slipway::telemetry::ToHex(context->trace_id)) std::abort();
    if (text.substr(36, 16) != slipway::telemetry::ToHex(context->parent_id)) std::abort();
  }
  (void)slipway::telemetry::IsTracestate(text);
  return 0;
}
