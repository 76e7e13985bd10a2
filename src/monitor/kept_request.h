#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "telemetry/request_event.h"
#include "telemetry/request_span.h"
#include "telemetry/trace_context.h"

namespace slipway::monitor {

/// The first bytes of a text, in place.
template <std::size_t kMost>
class CutText {
 public:
  void Set(std::string_view text) {
    size_ = static_cast<std::uint16_t>(std::min(text.size(), kMost));
    if (size_ > 0) std::memcpy(bytes_.data(), text.data(), size_);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::uint16_t size_ = 0;
  std::array<char, kMost> bytes_;
};

/// A telemetry::RequestEvent that owns what it says, in a fixed place: a client's texts are cut.
struct KeptRequest {
  WallTime ended;
  std::string_view protocol;  ///< these five live as long as the process
  std::string_view route;
  std::string_view pattern;
  std::string_view method;
  std::string_view caller;
  CutText<64> peer;
  CutText<64> caller_id;
  CutText<128> request_id;
  CutText<256> path;
  CutText<128> model;
  CutText<512> tracestate;                        ///< whole or empty
  std::optional<telemetry::TraceContext> parent;  ///< what the client said
  std::optional<telemetry::RequestSpan> span;     ///< absent: it is of no trace
  std::int64_t version = 0;
  std::int64_t batch_rows = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::nanoseconds queue{0};
  std::chrono::nanoseconds batch{0};
  std::chrono::nanoseconds compute{0};
  std::chrono::nanoseconds encode{0};
  std::chrono::nanoseconds total{0};
  int code = 0;
  bool is_grpc = false;
  bool is_cached = false;

  /// Costs some 100 ns.
  void Keep(const telemetry::RequestEvent& event, WallTime now);
  WallTime began() const { return ended - std::chrono::duration_cast<WallTime::duration>(total); }
  /// A server's fault: HTTP 5xx, or the codes of gRPC that mean one.
  bool IsServerError() const;
};

}  // namespace slipway::monitor
