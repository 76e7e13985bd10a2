#include "tensor/shape.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/checked.h"

namespace slipway {

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) std::abort();
  std::ranges::copy(dims, dims_.begin());
  rank_ = static_cast<std::uint8_t>(dims.size());
}

Result<Shape> Shape::Make(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) {
    return InvalidArgument(
        fmt::format("a tensor has {} dimensions, at most {} are supported", dims.size(), kMaxRank));
  }
  return Shape(dims);
}

std::optional<std::uint64_t> Shape::ElementCount() const { return CheckedProduct(dims()); }

bool Shape::IsStatic() const {
  return std::ranges::none_of(dims(), [](auto d) { return d < 0; });
}

bool Shape::Admits(const Shape& actual) const {
  if (actual.rank() != rank()) return false;
  for (std::size_t axis = 0; axis < rank(); ++axis) {
    if (dims_[axis] >= 0 && dims_[axis] != actual[axis]) return false;
  }
  return true;
}

std::string Shape::ToString() const {
  std::string text = "[";
  for (std::size_t axis = 0; axis < rank(); ++axis) {
    if (axis > 0) text += ",";
    text += dims_[axis] >= 0 ? std::to_string(dims_[axis]) : axis == 0 ? "N" : "?";
  }
  return text + "]";
}

}  // namespace slipway
