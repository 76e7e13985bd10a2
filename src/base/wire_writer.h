#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wire_reader.h"

namespace slipway {

/// Writes one protobuf message as pieces in order, where large byte fields stay where they are: a
/// message costs memory for its structure only, and that in one block. What is borrowed outlives
/// the writer.
class WireWriter {
 public:
  /// Some bytes of the writer, and after them some that belong to somebody else.
  struct Piece {
    std::string_view text;
    std::span<const std::byte> borrowed;
  };

  WireWriter() = default;
  /// Writes behind `before`, in its memory; size() does not count it.
  explicit WireWriter(std::string before) : text_(std::move(before)) {}

  /// Room for so many bytes of structure before it grows.
  void Reserve(std::size_t bytes) { text_.reserve(bytes); }

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
  void Message(std::uint32_t field, const WireWriter& message);
  /// A message whose fields `write()` puts into this writer; spares the small ones their own.
  template <class Write>
  void MessageInPlace(std::uint32_t field, Write&& write) {
    const std::size_t begin = BeginMessage(field);
    const std::uint64_t before = size_;
    write();
    EndMessage(begin, size_ - before);
  }
  /// All fields of another message, after those of this one.
  void Append(const WireWriter& fields);
  /// Fields that are serialised already.
  void Serialised(std::string_view fields);

  std::uint64_t size() const { return size_; }
  /// False: text() is all there is.
  bool HasBorrowed() const { return !borrowed_.empty(); }
  /// Everything but what is borrowed.
  std::string TakeText() && { return std::move(text_); }
  /// Views of the writer, which stays as it is while they are used.
  std::vector<Piece> pieces() const;
  /// Everything in one string.
  std::string Joined() const;

 private:
  struct Borrowed {
    std::size_t at;  ///< so much of the text comes before
    std::span<const std::byte> bytes;
  };

  void PutVarint(std::uint64_t value);
  void PutTagAnd(std::uint32_t field, WireType type, std::uint64_t value);
  void PutTag(std::uint32_t field, WireType type);
  void Put(std::string_view text);
  std::size_t BeginMessage(std::uint32_t field);
  void EndMessage(std::size_t begin, std::uint64_t size);

  std::string text_;
  std::vector<Borrowed> borrowed_;  ///< in their order
  std::uint64_t size_ = 0;
};

}  // namespace slipway
