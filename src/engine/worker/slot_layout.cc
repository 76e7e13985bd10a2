#include "engine/worker/slot_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::engine {

TensorHead HeadOf(DType dtype, const Shape& shape, std::uint64_t offset, std::uint64_t size) {
  TensorHead head{.dtype = static_cast<std::uint32_t>(dtype),
                  .rank = static_cast<std::uint32_t>(shape.rank()),
                  .offset = offset,
                  .size = size};
  std::ranges::copy(shape.dims(), head.dims.begin());
  return head;
}

Result<TensorView> ViewOf(const TensorHead& copied, std::span<const std::byte> region) {
  const auto dtype =
      static_cast<DType>(static_cast<std::uint8_t>(std::min<std::uint32_t>(copied.dtype, 255)));
  if (!IsServable(dtype)) return sandbox::BrokenSpeech("a tensor of a type that cannot be served");
  if (copied.rank > Shape::kMaxRank) return sandbox::BrokenSpeech("a tensor's rank");
  const Shape shape(std::span(copied.dims).first(copied.rank));
  if (!shape.ElementCount()) return sandbox::BrokenSpeech("a tensor's shape");
  if (copied.offset > region.size() || copied.size > region.size() - copied.offset)
    return sandbox::BrokenSpeech("a tensor that lies elsewhere");
  if (dtype != DType::kString && ByteSize(dtype, shape) != copied.size)
    return sandbox::BrokenSpeech("a tensor's size");
  return TensorView{dtype, shape, region.subspan(copied.offset, copied.size)};
}

Result<std::uint64_t> Placing::Place(std::uint64_t size) {
  const std::uint64_t place = (next_ + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
  if (place > room_ || size > room_ - place) {
    return ResourceExhausted(
               fmt::format("the tensors of a run take more than the {} that a worker process has "
                           "for them",
                           HumanBytes(room_)))
        .With(errors::kRunMemory)
        .Hint("send less at once, or start the server with a larger --worker-memory");
  }
  next_ = place + size;
  return place;
}

}  // namespace slipway::engine
