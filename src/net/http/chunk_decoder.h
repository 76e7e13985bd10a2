#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/http/http_limits.h"
#include "net/http/refusal.h"

namespace slipway::net {

/// Takes a chunked body apart, out of bytes that come in any pieces: hexadecimal sizes of at most
/// 16 digits, CR LF and nothing else at line ends, extensions and trailers skipped within their
/// bounds (trailers are never merged into the headers). Keeps no bytes.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(const HttpLimits& limits)
      : extension_bytes_left_(limits.chunk_extension_bytes),
        trailer_bytes_left_(limits.header_bytes) {}

  /// Takes bytes off the front of `input` up to the end of the next run of body bytes, which is
  /// returned as a view of them. Empty: the input is used up, the body is complete (what remains of
  /// the input belongs to the next request), or it is refused.
  std::string_view Take(std::string_view& input);

  bool complete() const { return state_ == State::kComplete; }
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeFeed,
    kData,
    kDataReturn,
    kDataFeed,
    kTrailerStart,
    kTrailer,
    kTrailerFeed,
    kLastFeed,
    kComplete,
    kRefused,
  };
  State Next(char c);
  State AfterSizeDigit(char c);
  State AfterSizeLine();
  State InExtension(char c);
  State InTrailer(char c);
  State Refuse(int status, std::string_view message);

  State state_ = State::kSize;
  unsigned digits_ = 0;
  std::uint64_t left_ = 0;  ///< of the size while it is read, of the chunk's data afterwards
  std::size_t extension_bytes_left_;
  std::size_t trailer_bytes_left_;
  std::optional<Refusal> refusal_;
};

}  // namespace slipway::net
