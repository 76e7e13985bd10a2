#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http/http_types.h"

namespace slipway::net {

/// How a body is compressed. kDeflate is a zlib stream (RFC 1950), as clients send and expect it.
enum class ContentCoding : std::uint8_t { kIdentity, kGzip, kDeflate };

/// What an Accept-Encoding header offers, and a refused Content-Encoding is told.
inline constexpr std::string_view kAcceptedCodings = "gzip, deflate";

/// The value for a Content-Encoding header.
std::string_view CodingName(ContentCoding coding);

/// A request's Content-Encoding; nullopt for one we do not read, more than one layer included.
std::optional<ContentCoding> ParseContentEncoding(std::string_view value);

/// The coding for an answer's body of `bytes` bytes. A client that accepts one coding only asks for
/// it (tritonclient's response_compression_algorithm) and gets it from 256 bytes on; one that lists
/// several merely could (every browser and most libraries), and gets text of 16 KiB or more
/// compressed: elsewhere the processor is the scarcer good. "q=0" forbids. Pure.
ContentCoding ChooseCoding(std::string_view accept_encoding, std::size_t bytes, bool is_text);

/// The body in one piece, compressed fast rather than small; nullopt without memory.
std::optional<std::string> Compress(ContentCoding coding, std::span<const BodyPart> body);

/// Decompresses one stream, out of bytes that come in any pieces.
class Inflater {
 public:
  /// Precondition: not kIdentity.
  explicit Inflater(ContentCoding coding);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  enum class Outcome : std::uint8_t { kNeedInput, kNeedRoom, kEnd, kCorrupt };
  /// Takes bytes off the front of `input` and writes to the front of `room`, which shrinks. kEnd:
  /// the stream is over, its checksum right; bytes that remain in `input` do not belong to it.
  Outcome Step(std::span<const std::byte>& input, std::span<std::byte>& room);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace slipway::net
