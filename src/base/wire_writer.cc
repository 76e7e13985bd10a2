#include "base/wire_writer.h"

#include <array>

namespace slipway {

namespace {

/// From here on borrowing is cheaper than copying.
constexpr std::size_t kBorrowFrom = 512;

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Up to two varints, as they are written.
class Varints {
 public:
  void Add(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) bytes_[size_++] = static_cast<char>(value | 0x80U);
    bytes_[size_++] = static_cast<char>(value);
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 20> bytes_;
  std::size_t size_ = 0;
};

std::uint64_t Tag(std::uint32_t field, WireType type) {
  return std::uint64_t{field} << 3U | static_cast<std::uint64_t>(type);
}

}  // namespace

void WireWriter::Put(std::string_view text) {
  text_.append(text);
  size_ += text.size();
}

void WireWriter::PutVarint(std::uint64_t value) {
  Varints varint;
  varint.Add(value);
  Put(varint.text());
}

void WireWriter::PutTag(std::uint32_t field, WireType type) { PutVarint(Tag(field, type)); }

void WireWriter::PutTagAnd(std::uint32_t field, WireType type, std::uint64_t value) {
  Varints varints;
  varints.Add(Tag(field, type));
  varints.Add(value);
  Put(varints.text());
}

void WireWriter::Varint(std::uint32_t field, std::uint64_t value) {
  PutTagAnd(field, WireType::kVarint, value);
}

void WireWriter::Float(std::uint32_t field, float value) {
  PutTag(field, WireType::kFixed32);
  Put({reinterpret_cast<const char*>(&value), sizeof value});
}

void WireWriter::Text(std::uint32_t field, std::string_view text) {
  PutTagAnd(field, WireType::kBytes, text.size());
  Put(text);
}

void WireWriter::TextIfAny(std::uint32_t field, std::string_view text) {
  if (!text.empty()) Text(field, text);
}

void WireWriter::Bytes(std::uint32_t field, std::span<const std::byte> bytes) {
  if (bytes.size() < kBorrowFrom) return Text(field, AsText(bytes));
  PutTagAnd(field, WireType::kBytes, bytes.size());
  borrowed_.push_back({text_.size(), bytes});
  size_ += bytes.size();
}

void WireWriter::Message(std::uint32_t field, const WireWriter& message) {
  PutTagAnd(field, WireType::kBytes, message.size());
  Append(message);
}

/// Where its length of one byte is, until the end of the message is known.
std::size_t WireWriter::BeginMessage(std::uint32_t field) {
  PutTagAnd(field, WireType::kBytes, 0);
  return text_.size() - 1;
}

void WireWriter::EndMessage(std::size_t begin, std::uint64_t size) {
  Varints length;
  length.Add(size);
  text_.replace(begin, 1, length.text());
  const std::size_t more = length.text().size() - 1;
  if (more == 0) return;
  size_ += more;
  for (auto part = borrowed_.rbegin(); part != borrowed_.rend() && part->at > begin; ++part)
    part->at += more;
}

void WireWriter::Append(const WireWriter& fields) {
  for (const Borrowed& part : fields.borrowed_)
    borrowed_.push_back({text_.size() + part.at, part.bytes});
  text_.append(fields.text_);
  size_ += fields.size();
}

void WireWriter::Serialised(std::string_view fields) { Put(fields); }

std::vector<WireWriter::Piece> WireWriter::pieces() const {
  std::vector<Piece> pieces;
  pieces.reserve(borrowed_.size() + 1);
  std::size_t begin = 0;
  const std::string_view text(text_);
  for (const Borrowed& part : borrowed_) {
    pieces.push_back({text.substr(begin, part.at - begin), part.bytes});
    begin = part.at;
  }
  if (begin < text.size()) pieces.push_back({text.substr(begin), {}});
  return pieces;
}

std::string WireWriter::Joined() const {
  std::string joined;
  joined.reserve(size_);
  for (const Piece& piece : pieces()) joined.append(piece.text).append(AsText(piece.borrowed));
  return joined;
}

}  // namespace slipway
