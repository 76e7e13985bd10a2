#include "base/wire_reader.h"

#include <cstring>

namespace slipway {

namespace {

constexpr int kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxFieldNumber = (1U << 29) - 1;

enum class VarintEnd : std::uint8_t { kWhole, kCutShort, kTooLong };

/// A varint of one byte, as nearly all are.
inline bool TakeShort(std::span<const std::byte>& rest, std::uint64_t& value) {
  if (rest.empty() || static_cast<std::uint8_t>(rest[0]) >= 0x80U) return false;
  value = static_cast<std::uint64_t>(rest[0]);
  rest = rest.subspan(1);
  return true;
}

VarintEnd TakeVarint(std::span<const std::byte>& rest, std::uint64_t& value) {
  value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    if (static_cast<std::size_t>(i) >= rest.size()) return VarintEnd::kCutShort;
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if (byte < 0x80U) {
      rest = rest.subspan(i + 1);
      return VarintEnd::kWhole;
    }
  }
  return VarintEnd::kTooLong;
}

}  // namespace

bool WireReader::Fail(WireFault fault) {
  fault_ = fault;
  rest_ = {};
  return false;
}

bool WireReader::LongVarint(std::uint64_t& value) {
  switch (TakeVarint(rest_, value)) {
    case VarintEnd::kWhole:
      return true;
    case VarintEnd::kCutShort:
      return Fail(WireFault::kCutShort);
    case VarintEnd::kTooLong:
      break;
  }
  return Fail(WireFault::kNotAMessage);
}

bool WireReader::Take(std::uint64_t size, std::span<const std::byte>& bytes) {
  if (size > rest_.size()) return Fail(WireFault::kCutShort);
  bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return true;
}

bool WireReader::Fixed(std::size_t size, std::uint64_t& value) {
  std::span<const std::byte> bytes;
  if (!Take(size, bytes)) return false;
  value = 0;
  std::memcpy(&value, bytes.data(), size);
  return true;
}

inline bool WireReader::Varint(std::uint64_t& value) {
  return TakeShort(rest_, value) || LongVarint(value);
}

bool WireReader::Next(WireField& field) {
  if (rest_.empty()) return false;
  const std::byte* const begin = rest_.data();
  std::uint64_t tag = 0;
  if (!Varint(tag)) return false;
  const std::uint64_t number = tag >> 3U;
  if (number == 0 || number > kMaxFieldNumber) return Fail(WireFault::kNotAMessage);
  field = {.number = static_cast<std::uint32_t>(number), .type = WireType(tag & 7U)};
  bool whole = false;
  switch (field.type) {
    case WireType::kVarint:
      whole = Varint(field.scalar);
      break;
    case WireType::kFixed64:
      whole = Fixed(8, field.scalar);
      break;
    case WireType::kFixed32:
      whole = Fixed(4, field.scalar);
      break;
    case WireType::kBytes: {
      std::uint64_t size = 0;
      whole = Varint(size) && Take(size, field.bytes);
      break;
    }
    default:
      return Fail(WireFault::kNotAMessage);
  }
  if (whole) field.whole = {begin, rest_.data()};
  return whole;
}

bool PackedVarints::Next(std::uint64_t& value) {
  if (rest_.empty() || broken_) return false;
  broken_ = !TakeShort(rest_, value) && TakeVarint(rest_, value) != VarintEnd::kWhole;
  return !broken_;
}

}  // namespace slipway
