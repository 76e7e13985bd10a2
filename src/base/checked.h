#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>

namespace slipway {

/// Sum and product that say so instead of wrapping: nullopt on overflow.
template <std::integral T>
std::optional<T> CheckedAdd(T a, T b) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

template <std::integral T>
std::optional<T> CheckedMul(T a, T b) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

/// The product of all dimensions: 1 for none. nullopt on overflow or a negative dimension.
inline std::optional<std::uint64_t> CheckedProduct(std::span<const std::int64_t> dims) {
  std::uint64_t product = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    if (__builtin_mul_overflow(product, static_cast<std::uint64_t>(dim), &product))
      return std::nullopt;
  }
  return product;
}

}  // namespace slipway
