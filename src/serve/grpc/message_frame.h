#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/http/content_coding.h"

namespace slipway::serve::grpc {

/// What stands before every message: a flag that says whether it is compressed, and its length, big
/// endian. Source: the gRPC protocol over HTTP/2.
inline constexpr std::size_t kPrefixBytes = 5;

/// What grpc-accept-encoding says.
inline constexpr std::string_view kMessageEncodings = "identity, deflate, gzip";

/// A message out of a request's body, decompressed. Cheap to copy.
struct InboundMessage {
  std::span<const std::byte> bytes;    ///< of the body, or of `keeper`
  std::shared_ptr<const void> keeper;  ///< null where the message lies in the body
  net::ContentCoding coding = net::ContentCoding::kIdentity;  ///< that it came in
};

/// A message of an answer: `text`, of which the first kPrefixBytes are room for the prefix, and
/// behind it the parts, each as it lies in memory.
struct OutboundMessage {
  std::string text = std::string(kPrefixBytes, '\0');
  std::vector<net::BodyPart> parts;

  /// Without the prefix.
  std::uint64_t Bytes() const;
};

/// How the messages of a request may be compressed, by its header grpc-encoding (null: they are
/// not). Unimplemented: an encoding that is not in kMessageEncodings.
Result<net::ContentCoding> ParseMessageEncoding(const std::string_view* header);

/// How long the message behind a whole prefix says it is.
std::uint32_t AnnouncedBytes(std::span<const std::byte> prefix);
/// The same, checked. The errors that a prefix alone shows: see
/// TakeMessage().
Result<std::uint64_t> LengthInPrefix(std::span<const std::byte> prefix, net::ContentCoding encoding,
                                     std::uint64_t max_bytes);

/// Takes the first message off `rest`. Nothing is allocated from what a prefix announces.
/// InvalidArgument: cut short, or compressed bytes that are broken. ResourceExhausted
/// (kBodyTooLarge): more than `max_bytes` before or after decompression. Internal, as gRPC wants
/// it: a compressed message without an encoding, or an unknown flag.
Result<InboundMessage> TakeMessage(std::span<const std::byte>& rest, net::ContentCoding encoding,
                                   std::uint64_t max_bytes);

/// The one message of a unary call. InvalidArgument also: there is none, or more than one.
Result<InboundMessage> TakeOnlyMessage(std::span<const std::byte> body, net::ContentCoding encoding,
                                       std::uint64_t max_bytes);

/// True if the client says that it takes messages in `coding`.
bool Accepts(const net::RequestHead& head, net::ContentCoding coding);

/// Gives a message its prefix, compressed before where `coding` is one and it is worth it: then
/// true. ResourceExhausted: too large for a message, or no memory.
Result<bool> Seal(net::ContentCoding coding, OutboundMessage& message);

/// The prefix of a message.
std::string MessagePrefix(bool is_compressed, std::uint32_t bytes);

}  // namespace slipway::serve::grpc
