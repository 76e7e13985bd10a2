#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace slipway::net {

/// The bounds of HTTP/2 alone. The others of HttpLimits hold for each of its streams as for a
/// connection of HTTP/1.1.
struct Http2Limits {
  std::uint32_t streams = 128;                ///< at one time on a connection; more: REFUSED_STREAM
  std::uint32_t stream_window = 1 << 20;      ///< bytes of a body on the way
  std::uint32_t connection_window = 1 << 24;  ///< of all bodies of a connection together
  std::uint32_t frame_bytes = 16 * 1024;      ///< the largest frame taken: FRAME_SIZE_ERROR
  /// The same of a client that has sent a large body; in one of these most of the next one is
  /// received where it belongs.
  std::uint32_t large_frame_bytes = 256 * 1024;
  std::uint32_t stream_unsent = 1 << 20;  ///< of a streamed answer; then its sender stops
  /// Within ten seconds, on one connection; each beyond it ends the connection with
  /// ENHANCE_YOUR_CALM. An answered request makes up for a reset, a frame of answer for two of
  /// control, so that whoever works much may also steer much.
  std::uint32_t resets = 100;           ///< by the client, or by us for what it did wrong
  std::uint32_t control_frames = 1000;  ///< SETTINGS, PING, PRIORITY, WINDOW_UPDATE
  std::uint32_t empty_frames = 100;     ///< DATA that holds and ends nothing
};

/// Every bound of the listener (reliability: all of them bounded by default).
struct HttpLimits {
  std::size_t request_line_bytes = 8 * 1024;         ///< 414
  std::size_t header_bytes = 32 * 1024;              ///< 431
  std::size_t header_count = 100;                    ///< 431
  std::size_t chunk_extension_bytes = 16 * 1024;     ///< 400, all chunks of a body together
  std::chrono::milliseconds header_timeout{10'000};  ///< 408
  std::chrono::milliseconds idle_timeout{75'000};    ///< keep-alive
  std::chrono::milliseconds body_grace{10'000};      ///< then at least body_bytes_per_second, 408
  std::uint64_t body_bytes_per_second = 1024;
  std::chrono::milliseconds tls_handshake_timeout{10'000};  ///< from the connection on: closed
  std::size_t tls_handshakes = 1024;                        ///< at one time; closed beyond
  std::chrono::milliseconds write_stall{30'000};            ///< a client that takes nothing: reset
  std::size_t connections = 10'000;  ///< never more than half of the descriptor limit
  std::size_t connections_per_address = 256;
  std::size_t pipelined_requests = 64;  ///< read ahead on one connection; more waits in the socket
  std::uint64_t body_bytes_total = 1024 * 1024 * 1024;  ///< 503, all bodies held at one time
  /// A connection that was busy this recently is still listened to when a drain begins: its next
  /// request is on the way.
  std::chrono::milliseconds drain_linger{500};
  Http2Limits http2;
};

}  // namespace slipway::net
