#pragma once

#include <cstdint>
#include <string>

namespace slipway::net {

/// Of HTTP/2: the rest of a refused request up to this size is read and dropped; of a larger one
/// the client is told to stop, which costs it a stream.
inline constexpr std::uint64_t kDiscardableBody = 64 * 1024;

/// Why a request is not served, found before any service sees it: the status of the answer and one
/// sentence for the client. The connection is closed after it (of HTTP/2: the stream ends with it).
struct Refusal {
  /// A status that says: close without an answer.
  static constexpr int kSilent = 0;

  int status = 400;
  std::string message;
};

}  // namespace slipway::net
