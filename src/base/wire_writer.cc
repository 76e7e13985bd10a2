#include "base/wire_writer.h"

#include <utility>

namespace slipway {

namespace {

/// From here on borrowing is cheaper than copying.
constexpr std::size_t kBorrowFrom = 512;

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string& WireWriter::Tail() {
  if (pieces_.empty() || !pieces_.back().borrowed.empty()) pieces_.emplace_back();
  return pieces_.back().text;
}

void WireWriter::Put(std::string_view text) {
  Tail().append(text);
  size_ += text.size();
}

void WireWriter::PutVarint(std::uint64_t value) {
  std::string& tail = Tail();
  while (true) {
    ++size_;
    if (value < 0x80U) break;
    tail.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  tail.push_back(static_cast<char>(value));
}

void WireWriter::PutTag(std::uint32_t field, WireType type) {
  PutVarint(std::uint64_t{field} << 3U | static_cast<std::uint64_t>(type));
}

void WireWriter::Varint(std::uint32_t field, std::uint64_t value) {
  PutTag(field, WireType::kVarint);
  PutVarint(value);
}

void WireWriter::Float(std::uint32_t field, float value) {
  PutTag(field, WireType::kFixed32);
  Put({reinterpret_cast<const char*>(&value), sizeof value});
}

void WireWriter::Text(std::uint32_t field, std::string_view text) {
  PutTag(field, WireType::kBytes);
  PutVarint(text.size());
  Put(text);
}

void WireWriter::TextIfAny(std::uint32_t field, std::string_view text) {
  if (!text.empty()) Text(field, text);
}

void WireWriter::Bytes(std::uint32_t field, std::span<const std::byte> bytes) {
  if (bytes.size() < kBorrowFrom) return Text(field, AsText(bytes));
  PutTag(field, WireType::kBytes);
  PutVarint(bytes.size());
  pieces_.back().borrowed = bytes;
  size_ += bytes.size();
}

void WireWriter::Message(std::uint32_t field, WireWriter message) {
  PutTag(field, WireType::kBytes);
  PutVarint(message.size());
  Append(std::move(message));
}

void WireWriter::Append(WireWriter fields) {
  size_ += fields.size();
  for (Piece& piece : fields.pieces_) {
    Tail().append(piece.text);
    pieces_.back().borrowed = piece.borrowed;
  }
}

void WireWriter::Serialised(std::string_view fields) {
  if (!fields.empty()) Put(fields);
}

std::string WireWriter::Joined() const {
  std::string joined;
  joined.reserve(size_);
  for (const Piece& piece : pieces_) joined.append(piece.text).append(AsText(piece.borrowed));
  return joined;
}

}  // namespace slipway
