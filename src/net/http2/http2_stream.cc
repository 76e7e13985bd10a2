#include "net/http2/http2_stream.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace slipway::net {

void OutgoingBody::Begin(Response& answer) {
  if (answer.text.size() < OutputQueue::kCopyBelow) text_ = std::exchange(answer.text, {});
  left_ = text_.size();
  Add(answer.TakeBody());
}

void OutgoingBody::Add(std::vector<BodyPart> parts) {
  for (const BodyPart& part : parts) left_ += part.bytes.size();
  if (part_ == parts_.size()) {
    parts_ = std::move(parts);
  } else {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(part_));
    std::ranges::move(parts, std::back_inserter(parts_));
  }
  part_ = 0;
}

void OutgoingBody::Move(std::size_t count, OutputQueue& output) {
  left_ -= count;
  sent_ += count;
  if (const std::size_t text = std::min(count, text_.size() - text_sent_); text > 0) {
    output.text().append(text_, text_sent_, text);
    output.TextAppended();
    text_sent_ += text;
    count -= text;
  }
  while (count > 0) {
    BodyPart& part = parts_[part_];
    const std::size_t taken = std::min(count, part.bytes.size() - offset_);
    output.Append({part.bytes.subspan(offset_, taken), part.keeper});
    offset_ += taken;
    count -= taken;
    if (offset_ < part.bytes.size()) continue;
    part.keeper.reset();
    ++part_;
    offset_ = 0;
  }
}

}  // namespace slipway::net
