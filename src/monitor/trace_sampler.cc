#include "monitor/trace_sampler.h"

#include <algorithm>
#include <cstring>

namespace slipway::monitor {

std::optional<RequestSpan> TraceSampler::SpanFor(
    const std::optional<telemetry::TraceContext>& parent) {
  if (!parent && !exports_) return std::nullopt;
  RequestSpan span;
  span.span_id = NewSpanId();
  if (parent) {
    span.trace_id = parent->trace_id;
    span.parent_id = parent->parent_id;
    span.is_sampled = exports_ && parent->is_sampled;
    return span;
  }
  Fill(span.trace_id.data(), span.trace_id.size());
  span.is_sampled = std::uniform_real_distribution<double>(0, 1)(random_) < share_;
  return span;
}

telemetry::SpanId TraceSampler::NewSpanId() {
  telemetry::SpanId id{};
  Fill(id.data(), id.size());
  return id;
}

void TraceSampler::Fill(std::uint8_t* bytes, std::size_t count) {
  for (std::size_t at = 0; at < count; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = std::max<std::uint64_t>(random_(), 1);
    std::memcpy(bytes + at, &word, std::min(sizeof word, count - at));
  }
}

}  // namespace slipway::monitor
