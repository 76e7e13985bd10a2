#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace slipway {

/// A tensor whose bytes belong to somebody else: row-major, little-endian, packed, in main memory.
/// Cheap to copy.
///
/// kString tensors hold every element as a 4-byte little-endian length and its bytes, one after the
/// other: the form in which the binary tensor extension carries BYTES, so a request's strings need
/// no copy.
struct TensorView {
  DType dtype = DType::kUndefined;
  Shape shape;
  std::span<const std::byte> bytes;

  /// Precondition: T is the dtype's C++ type (float for kF32, std::uint16_t for kF16 and kBF16,
  /// bool as std::uint8_t) and the bytes are aligned for it.
  template <class T>
  std::span<const T> As() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

/// A tensor with memory of its own, aligned to 64 bytes unless adopted. Move-only.
class TensorBuffer {
 public:
  using Deleter = std::function<void()>;

  TensorBuffer() = default;
  /// Uninitialised memory for a static shape of a type of whole bytes. Not for kString.
  /// ResourceExhausted: the size overflows or cannot be had. InvalidArgument: a negative dimension
  /// or another dtype.
  static Result<TensorBuffer> Allocate(DType dtype, const Shape& shape);
  /// A copy of `view`'s bytes.
  static Result<TensorBuffer> CopyOf(const TensorView& view);
  /// Takes bytes that another library owns; `deleter` gives them back, once, when this object goes.
  static TensorBuffer Adopt(DType dtype, const Shape& shape, std::span<std::byte> bytes,
                            Deleter deleter);
  /// Packs strings into the form that TensorView describes. The count must equal the shape's.
  static Result<TensorBuffer> FromStrings(const Shape& shape,
                                          std::span<const std::string_view> strings);

  TensorBuffer(TensorBuffer&& other) noexcept;
  TensorBuffer& operator=(TensorBuffer&& other) noexcept;
  ~TensorBuffer();

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  TensorView view() const { return {dtype_, shape_, bytes_}; }
  template <class T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  DType dtype_ = DType::kUndefined;
  Shape shape_;
  std::span<std::byte> bytes_;
  Deleter deleter_;
};

/// The elements of a packed kString tensor, as views into its bytes. InvalidArgument naming the
/// element: a length reaches past the end, bytes are left over, or the count is not the shape's.
Result<std::vector<std::string_view>> UnpackStrings(const TensorView& view);

/// Bytes that a tensor of this type and shape has. nullopt: kString, a dynamic dimension, an
/// overflow.
std::optional<std::uint64_t> ByteSize(DType dtype, const Shape& shape);

/// Half-precision numbers, to and from float: round to nearest even.
float HalfToFloat(std::uint16_t half);
std::uint16_t FloatToHalf(float value);
float BFloat16ToFloat(std::uint16_t bits);
std::uint16_t FloatToBFloat16(float value);

/// Every element as double, in order; booleans are 0 and 1. InvalidArgument: kString and types a
/// request may not carry.
Result<std::vector<double>> ToDoubles(const TensorView& view);

/// The view converted element by element to another numeric servable type, as a C++ static_cast
/// would; float to integer must be in range (OutOfRange names the element).
Result<TensorBuffer> ConvertTensor(const TensorView& view, DType to);

}  // namespace slipway
