#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/checked.h"
#include "tensor/dtype.h"

namespace slipway::graph {

/// Bytes of a packed tensor: several elements to a byte for the types smaller than one. nullopt: a
/// negative dimension, an overflow, or a type without a size (strings).
inline std::optional<std::uint64_t> PackedSize(DType dtype, std::span<const std::int64_t> dims) {
  const auto count = CheckedProduct(dims);
  if (!count || BitsOf(dtype) == 0) return std::nullopt;
  const auto bits = CheckedMul<std::uint64_t>(*count, BitsOf(dtype));
  if (!bits) return std::nullopt;
  return *bits / 8 + (*bits % 8 == 0 ? 0 : 1);
}

inline constexpr std::int64_t kLastDType = static_cast<std::int64_t>(DType::kF6E3M2);
/// No operator knows more; a constant of more dimensions is an attack.
inline constexpr std::size_t kMaxTensorRank = 64;

}  // namespace slipway::graph
