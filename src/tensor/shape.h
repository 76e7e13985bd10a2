#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"

namespace slipway {

/// The dimensions of a tensor at run time, at most 16, row-major. A value type without heap memory.
/// In a signature -1 means "any size"; a tensor's own shape has none.
class Shape {
 public:
  static constexpr std::size_t kMaxRank = 16;

  Shape() = default;
  /// Precondition: at most kMaxRank dimensions (aborts); use Make() for dimensions from outside.
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims);

  /// InvalidArgument above kMaxRank dimensions.
  static Result<Shape> Make(std::span<const std::int64_t> dims);

  std::size_t rank() const { return rank_; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), rank_}; }
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  void SetDim(std::size_t axis, std::int64_t dim) { dims_[axis] = dim; }

  /// The number of elements, 1 for rank 0. nullopt: a negative dimension, or an overflow of 64
  /// bits.
  std::optional<std::uint64_t> ElementCount() const;
  bool IsStatic() const;  ///< no dimension is -1

  /// True if `actual` has this rank and equals every dimension here that is not -1.
  bool Admits(const Shape& actual) const;

  /// "[1,28,28,1]"; -1 prints as "N" for the first dimension, "?" for others, as in a signature.
  std::string ToString() const;

  bool operator==(const Shape& other) const { return std::ranges::equal(dims(), other.dims()); }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  std::uint8_t rank_ = 0;
};

}  // namespace slipway
