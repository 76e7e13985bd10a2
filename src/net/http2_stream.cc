#include "net/http2_stream.h"

#include <algorithm>
#include <utility>

namespace slipway::net {

void OutgoingBody::Set(std::vector<BodyPart> parts) {
  parts_ = std::move(parts);
  for (const BodyPart& part : parts_) left_ += part.bytes.size();
}

void OutgoingBody::Move(std::size_t count, OutputQueue& output) {
  left_ -= count;
  sent_ += count;
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
