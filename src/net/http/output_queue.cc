#include "net/http/output_queue.h"

#include <algorithm>
#include <utility>

namespace slipway::net {

void OutputQueue::TextAppended() {
  const std::size_t added = text_.size() - text_counted_;
  if (added == 0) return;
  const bool joins = pieces_.size() > first_ && pieces_.back().body == nullptr;
  if (joins) {
    pieces_.back().size += added;
  } else {
    pieces_.push_back({text_counted_, added, nullptr, nullptr});
  }
  text_counted_ = text_.size();
  bytes_ += added;
}

void OutputQueue::Append(BodyPart part) {
  if (part.bytes.empty()) return;
  if (part.bytes.size() < kCopyBelow) {
    text_.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
    return TextAppended();
  }
  bytes_ += part.bytes.size();
  pieces_.push_back({0, part.bytes.size(), part.bytes.data(), std::move(part.keeper)});
}

void OutputQueue::Append(std::string body) {
  if (body.size() >= kCopyBelow) return Append(BodyPart::Of(std::move(body)));
  text_.append(body);
  TextAppended();
}

std::size_t OutputQueue::Gather(std::span<iovec> vectors) const {
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (std::size_t i = first_; i < pieces_.size() && count < vectors.size(); ++i) {
    const Piece& piece = pieces_[i];
    const void* begin = piece.body;
    if (piece.body == nullptr) begin = text_.data() + piece.text_begin;
    vectors[count].iov_base = const_cast<char*>(static_cast<const char*>(begin)) + skip;
    vectors[count].iov_len = piece.size - skip;
    ++count;
    skip = 0;
  }
  return count;
}

void OutputQueue::Consume(std::size_t count) {
  bytes_ -= count;
  while (count > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t taken = std::min(count, piece.size - offset_);
    offset_ += taken;
    count -= taken;
    if (offset_ < piece.size) return;
    piece.keeper.reset();
    ++first_;
    offset_ = 0;
  }
  if (first_ < pieces_.size()) return;
  pieces_.clear();
  first_ = 0;
  text_.clear();
  text_counted_ = 0;
}

}  // namespace slipway::net
