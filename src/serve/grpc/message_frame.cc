#include "serve/grpc/message_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::uint8_t kCompressed = 1;
constexpr std::size_t kFirstRoom = 16 * 1024;
constexpr std::size_t kWorthCompressing = 256;

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Status TooLarge(std::string message) {
  return ResourceExhausted(std::move(message))
      .With(errors::kBodyTooLarge)
      .Hint("the setting --max-body raises the limit");
}

/// Room for decompressed bytes, which grows with what has come.
Status Grow(std::string& text, std::uint64_t max_bytes) {
  if (text.size() > max_bytes) {
    return TooLarge(
        fmt::format("the message has more than {} bytes after decompression", max_bytes));
  }
  const std::uint64_t wanted = std::max<std::uint64_t>(kFirstRoom, text.size() * 2);
  text.resize(std::min<std::uint64_t>(wanted, max_bytes + 1));
  return {};
}

Result<InboundMessage> Decompressed(std::span<const std::byte> packed, net::ContentCoding coding,
                                    std::uint64_t max_bytes) {
  const auto text = std::make_shared<std::string>();
  net::Inflater inflater(coding);
  std::size_t size = 0;
  auto outcome = net::Inflater::Outcome::kNeedRoom;
  while (outcome == net::Inflater::Outcome::kNeedRoom) {
    SLIPWAY_RETURN_IF_ERROR(Grow(*text, max_bytes));
    std::span<std::byte> room = std::as_writable_bytes(std::span(*text)).subspan(size);
    outcome = inflater.Step(packed, room);
    size = text->size() - room.size();
  }
  if (outcome != net::Inflater::Outcome::kEnd || !packed.empty()) {
    return FieldInvalid(
        fmt::format("the compressed message is not one whole {} stream", net::CodingName(coding)));
  }
  if (size > max_bytes) return Grow(*text, max_bytes);
  return InboundMessage{
      .bytes = std::as_bytes(std::span(*text)).first(size), .keeper = text, .coding = coding};
}

/// The same message, compressed; nullopt without memory.
std::optional<OutboundMessage> Packed(net::ContentCoding coding, const OutboundMessage& message) {
  std::vector<net::BodyPart> parts = {
      {.bytes = std::as_bytes(std::span(message.text)).subspan(kPrefixBytes), .keeper = nullptr}};
  parts.insert(parts.end(), message.parts.begin(), message.parts.end());
  const std::optional<std::string> bytes = net::Compress(coding, parts);
  if (!bytes.has_value()) return std::nullopt;
  OutboundMessage packed;
  packed.text += *bytes;
  return packed;
}

}  // namespace

Result<net::ContentCoding> ParseMessageEncoding(const std::string_view* header) {
  if (header == nullptr) return net::ContentCoding::kIdentity;
  if (*header == "identity") return net::ContentCoding::kIdentity;
  if (*header == "gzip") return net::ContentCoding::kGzip;
  if (*header == "deflate") return net::ContentCoding::kDeflate;
  return Unimplemented(fmt::format("grpc-encoding \"{}\" is not supported", Printable(*header, 64)))
      .With(errors::kUnsupportedMediaType)
      .Hint(fmt::format("use one of: {}", kMessageEncodings));
}

std::uint32_t AnnouncedBytes(std::span<const std::byte> prefix) {
  std::uint32_t length = 0;
  for (const std::byte byte : prefix.subspan(1, 4))
    length = length << 8U | static_cast<std::uint32_t>(byte);
  return length;
}

Result<std::uint64_t> LengthInPrefix(std::span<const std::byte> prefix, net::ContentCoding encoding,
                                     std::uint64_t max_bytes) {
  const auto flag = static_cast<std::uint8_t>(prefix[0]);
  const std::uint32_t length = AnnouncedBytes(prefix);
  if (flag > kCompressed) return Internal(fmt::format("a message's flag is 0 or 1, got {}", flag));
  if (flag == kCompressed && encoding == net::ContentCoding::kIdentity)
    return Internal("a message is compressed, and no grpc-encoding says how");
  if (length > max_bytes)
    return TooLarge(fmt::format("the message has {} bytes, the limit is {}", length, max_bytes));
  return length;
}

Result<InboundMessage> TakeMessage(std::span<const std::byte>& rest, net::ContentCoding encoding,
                                   std::uint64_t max_bytes) {
  if (rest.size() < kPrefixBytes) {
    return FieldInvalid(
        fmt::format("the body ends within the {} bytes before a message", kPrefixBytes));
  }
  SLIPWAY_TRY(const std::uint64_t length, LengthInPrefix(rest, encoding, max_bytes));
  if (length > rest.size() - kPrefixBytes) {
    return FieldInvalid(fmt::format("a message of {} bytes is announced, {} came", length,
                                    rest.size() - kPrefixBytes));
  }
  const bool is_compressed = static_cast<std::uint8_t>(rest[0]) == kCompressed;
  const auto bytes = rest.subspan(kPrefixBytes, length);
  rest = rest.subspan(kPrefixBytes + length);
  if (is_compressed) return Decompressed(bytes, encoding, max_bytes);
  return InboundMessage{.bytes = bytes, .keeper = nullptr, .coding = net::ContentCoding::kIdentity};
}

Result<InboundMessage> TakeOnlyMessage(std::span<const std::byte> body, net::ContentCoding encoding,
                                       std::uint64_t max_bytes) {
  if (body.empty()) return FieldInvalid("the call has no message");
  SLIPWAY_TRY(InboundMessage message, TakeMessage(body, encoding, max_bytes));
  if (body.empty()) return message;
  return FieldInvalid(
      fmt::format("{} bytes follow the message: this method takes one", body.size()));
}

std::uint64_t OutboundMessage::Bytes() const {
  std::uint64_t bytes = text.size() - kPrefixBytes;
  for (const net::BodyPart& part : parts) bytes += part.bytes.size();
  return bytes;
}

bool Accepts(const net::RequestHead& head, net::ContentCoding coding) {
  const std::string_view* const accepted = head.Find("grpc-accept-encoding");
  if (accepted == nullptr) return false;
  for (const std::string_view one : Split(*accepted, ',')) {
    if (Trim(one) == net::CodingName(coding)) return true;
  }
  return false;
}

Result<bool> Seal(net::ContentCoding coding, OutboundMessage& message) {
  const bool is_compressed =
      coding != net::ContentCoding::kIdentity && message.Bytes() >= kWorthCompressing;
  if (is_compressed) {
    std::optional<OutboundMessage> packed = Packed(coding, message);
    if (!packed.has_value()) return ResourceExhausted("no memory to compress the answer");
    message = std::move(*packed);
  }
  const std::uint64_t bytes = message.Bytes();
  if (bytes > std::numeric_limits<std::uint32_t>::max()) {
    return ResourceExhausted(fmt::format("the answer has {} bytes, more than a message", bytes));
  }
  message.text.replace(0, kPrefixBytes,
                       MessagePrefix(is_compressed, static_cast<std::uint32_t>(bytes)));
  return is_compressed;
}

std::string MessagePrefix(bool is_compressed, std::uint32_t bytes) {
  std::string prefix(kPrefixBytes, '\0');
  prefix[0] = static_cast<char>(is_compressed ? kCompressed : 0);
  for (std::size_t i = 0; i < 4; ++i)
    prefix[1 + i] = static_cast<char>(bytes >> (8U * (3 - i)) & 0xFFU);
  return prefix;
}

}  // namespace slipway::serve::grpc
