#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire_reader.h"

namespace slipway {

/// Writes one protobuf message as pieces in order, where large byte fields stay where they are: a
/// message costs memory for its structure only. What is borrowed outlives the writer.
class WireWriter {
 public:
  /// Some bytes to write, and after them some that belong to somebody else.
  struct Piece {
    std::string text;
    std::span<const std::byte> borrowed;
  };

  void Varint(std::uint32_t field, std::uint64_t value);
  void Signed(std::uint32_t field, std::int64_t value) {
    Varint(field, static_cast<std::uint64_t>(value));
  }
  /// A number without a tag: the next one of a packed run.
  void PackedVarint(std::uint64_t value) { PutVarint(value); }
  void Float(std::uint32_t field, float value);
  void Text(std::uint32_t field, std::string_view text);
  /// The same, if there is any.
  void TextIfAny(std::uint32_t field, std::string_view text);
  void Bytes(std::uint32_t field, std::span<const std::byte> bytes);
  void Message(std::uint32_t field, WireWriter message);
  /// All fields of another message, after those of this one.
  void Append(WireWriter fields);
  /// Fields that are serialised already.
  void Serialised(std::string_view fields);

  std::uint64_t size() const { return size_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  /// Everything in one string.
  std::string Joined() const;

 private:
  void PutVarint(std::uint64_t value);
  void PutTag(std::uint32_t field, WireType type);
  void Put(std::string_view text);
  std::string& Tail();

  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace slipway
