#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace slipway {

/// The encodings of a protobuf field that are in use; groups are not.
enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Why a walk ended before the end of the message.
enum class WireFault : std::uint8_t {
  kNone,
  kCutShort,     ///< the message ends inside a field, or a length in it is wrong
  kNotAMessage,  ///< it holds what no message holds: a group, field 0, a varint of 11 bytes
};

/// One field of a serialised protobuf message, as views into it.
struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t scalar = 0;          ///< of the three scalar types
  std::span<const std::byte> bytes;  ///< of kBytes
  std::span<const std::byte> whole;  ///< tag and length included

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Walks the fields of one protobuf message, hostile bytes included. Source of the format: the
/// protobuf encoding guide. Borrows the bytes; costs nothing but the walk.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> message) : rest_(message) {}

  /// False at the end of the message, and where it is broken: fault() tells which.
  bool Next(WireField& field);
  WireFault fault() const { return fault_; }

 private:
  bool Fail(WireFault fault);
  bool Varint(std::uint64_t& value);
  bool LongVarint(std::uint64_t& value);
  bool Fixed(std::size_t bytes, std::uint64_t& value);
  bool Take(std::uint64_t size, std::span<const std::byte>& bytes);

  std::span<const std::byte> rest_;
  WireFault fault_ = WireFault::kNone;
};

/// The numbers of a packed repeated varint field, one after the other.
class PackedVarints {
 public:
  explicit PackedVarints(std::span<const std::byte> bytes) : rest_(bytes) {}
  /// False at the end and where the bytes are broken.
  bool Next(std::uint64_t& value);
  bool broken() const { return broken_; }

 private:
  std::span<const std::byte> rest_;
  bool broken_ = false;
};

}  // namespace slipway
