#include "tensor/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "base/checked.h"

namespace slipway {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian in memory");

namespace {

constexpr std::size_t kAlignment = 64;
/// Aligned memory costs several times what plain memory does, which only small tensors notice.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kMostAlignedByHand = 0;  // the red zone begins right behind the elements
#else
constexpr std::size_t kMostAlignedByHand = 64 * 1024;
#endif

/// Aligned memory, nullptr if it cannot be had. FreeAligned() with the same size gives it back.
std::byte* AllocateAligned(std::size_t size) {
  if (size > kMostAlignedByHand) {
    return static_cast<std::byte*>(
        ::operator new(size, std::align_val_t{kAlignment}, std::nothrow));
  }
  // malloc() aligns for a pointer at least, so one always has room before the next boundary.
  void* const allocation = std::malloc(size + kAlignment);
  if (allocation == nullptr) return nullptr;
  const std::size_t skip = kAlignment - reinterpret_cast<std::uintptr_t>(allocation) % kAlignment;
  std::byte* const aligned = static_cast<std::byte*>(allocation) + skip;
  std::memcpy(aligned - sizeof allocation, &allocation, sizeof allocation);
  return aligned;
}

void FreeAligned(std::byte* aligned, std::size_t size) {
  if (aligned == nullptr) return;
  if (size > kMostAlignedByHand) return ::operator delete(aligned, std::align_val_t{kAlignment});
  void* allocation = nullptr;
  std::memcpy(&allocation, aligned - sizeof allocation, sizeof allocation);
  std::free(allocation);
}

/// Calls `visit` with a value of the C++ type that reads the dtype's elements; kF16 and kBF16
/// through their own readers.
template <class Visit>
Status VisitNumeric(DType dtype, Visit visit) {
  switch (dtype) {
    case DType::kF32:
      return visit(float{});
    case DType::kF64:
      return visit(double{});
    case DType::kU8:
      return visit(std::uint8_t{});
    case DType::kI8:
      return visit(std::int8_t{});
    case DType::kU16:
      return visit(std::uint16_t{});
    case DType::kI16:
      return visit(std::int16_t{});
    case DType::kU32:
      return visit(std::uint32_t{});
    case DType::kI32:
      return visit(std::int32_t{});
    case DType::kU64:
      return visit(std::uint64_t{});
    case DType::kI64:
      return visit(std::int64_t{});
    case DType::kBool:
      return visit(bool{});
    default:
      return InvalidArgument(fmt::format("tensors of type {} are not numeric", ShortName(dtype)));
  }
}

template <class T>
T LoadAs(std::span<const std::byte> bytes, std::size_t index) {
  if constexpr (std::is_same_v<T, bool>) {
    return bytes[index] != std::byte{0};
  } else {
    T value;
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
  }
}

float LoadHalf(DType dtype, std::span<const std::byte> bytes, std::size_t index) {
  const auto bits = LoadAs<std::uint16_t>(bytes, index);
  return dtype == DType::kF16 ? HalfToFloat(bits) : BFloat16ToFloat(bits);
}

bool IsHalf(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16; }

template <class To, class From>
bool InRange(From value) {
  if constexpr (std::is_same_v<To, bool> || std::is_floating_point_v<To>) {
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    const double truncated = std::trunc(static_cast<double>(value));
    const double low = static_cast<double>(std::numeric_limits<To>::min());
    const double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
    return truncated >= low && truncated < high;
  } else if constexpr (std::is_same_v<From, bool>) {
    return true;
  } else {
    return std::in_range<To>(value);
  }
}

Status CheckByteCount(const TensorView& view) {
  if (ByteSize(view.dtype, view.shape) == view.bytes.size()) return {};
  return InvalidArgument(fmt::format("{} bytes are no tensor {}{}", view.bytes.size(),
                                     ShortName(view.dtype), view.shape.ToString()));
}

/// The elements of `view` handed one by one to `store(index, value)`, which returns false when the
/// value does not fit.
template <class Store>
Status ForEachNumber(const TensorView& view, Store store) {
  const auto outside = [&](std::size_t index) {
    return OutOfRange(fmt::format("element {} does not fit the type asked for", index));
  };
  if (view.dtype != DType::kString) SLIPWAY_RETURN_IF_ERROR(CheckByteCount(view));
  if (IsHalf(view.dtype)) {
    for (std::size_t i = 0; i < view.bytes.size() / 2; ++i) {
      if (!store(i, LoadHalf(view.dtype, view.bytes, i))) return outside(i);
    }
    return {};
  }
  return VisitNumeric(view.dtype, [&]<class T>(T) -> Status {
    for (std::size_t i = 0; i < view.bytes.size() / sizeof(T); ++i) {
      if (!store(i, LoadAs<T>(view.bytes, i))) return outside(i);
    }
    return {};
  });
}

}  // namespace

std::optional<std::uint64_t> ByteSize(DType dtype, const Shape& shape) {
  const std::size_t bits = BitsOf(dtype);
  const auto count = shape.ElementCount();
  if (bits == 0 || !count) return std::nullopt;
  const auto total = CheckedMul<std::uint64_t>(*count, bits);
  const auto rounded = total ? CheckedAdd<std::uint64_t>(*total, 7) : std::nullopt;
  if (!rounded) return std::nullopt;
  return *rounded / 8;
}

Result<TensorBuffer> TensorBuffer::Allocate(DType dtype, const Shape& shape) {
  if (BitsOf(dtype) == 0 || !shape.IsStatic()) {
    return InvalidArgument(
        fmt::format("cannot allocate a tensor {}{}", ShortName(dtype), shape.ToString()));
  }
  const auto size = ByteSize(dtype, shape);
  std::byte* const memory = size ? AllocateAligned(*size) : nullptr;
  if (memory == nullptr) {
    return ResourceExhausted(
        fmt::format("no memory for a tensor {}{}", ShortName(dtype), shape.ToString()));
  }
  TensorBuffer buffer;
  buffer.dtype_ = dtype;
  buffer.shape_ = shape;
  buffer.bytes_ = {memory, *size};
  return buffer;
}

Result<TensorBuffer> TensorBuffer::CopyOf(const TensorView& view) {
  std::byte* const memory = AllocateAligned(view.bytes.size());
  if (memory == nullptr) {
    return ResourceExhausted(fmt::format("no memory for a tensor of {} bytes", view.bytes.size()));
  }
  if (!view.bytes.empty()) std::memcpy(memory, view.bytes.data(), view.bytes.size());
  TensorBuffer buffer;
  buffer.dtype_ = view.dtype;
  buffer.shape_ = view.shape;
  buffer.bytes_ = {memory, view.bytes.size()};
  return buffer;
}

TensorBuffer TensorBuffer::Adopt(DType dtype, const Shape& shape, std::span<std::byte> bytes,
                                 Deleter deleter) {
  TensorBuffer buffer;
  buffer.dtype_ = dtype;
  buffer.shape_ = shape;
  buffer.bytes_ = bytes;
  buffer.deleter_ = std::move(deleter);
  return buffer;
}

Result<TensorBuffer> TensorBuffer::FromStrings(const Shape& shape,
                                               std::span<const std::string_view> strings) {
  if (shape.ElementCount() != strings.size()) {
    return InvalidArgument(
        fmt::format("{} strings do not fill the shape {}", strings.size(), shape.ToString()));
  }
  std::vector<std::byte> packed;
  for (const std::string_view text : strings) {
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
      return ResourceExhausted("a string of 4 GiB or more does not fit a tensor");
    }
    const auto length = static_cast<std::uint32_t>(text.size());
    const auto* length_bytes = reinterpret_cast<const std::byte*>(&length);
    packed.insert(packed.end(), length_bytes, length_bytes + sizeof length);
    const auto content = std::as_bytes(std::span(text));
    packed.insert(packed.end(), content.begin(), content.end());
  }
  return CopyOf({DType::kString, shape, packed});
}

TensorBuffer::TensorBuffer(TensorBuffer&& other) noexcept
    : dtype_(other.dtype_),
      shape_(other.shape_),
      bytes_(std::exchange(other.bytes_, {})),
      deleter_(std::exchange(other.deleter_, nullptr)) {}

TensorBuffer& TensorBuffer::operator=(TensorBuffer&& other) noexcept {
  std::swap(dtype_, other.dtype_);
  std::swap(shape_, other.shape_);
  std::swap(bytes_, other.bytes_);
  std::swap(deleter_, other.deleter_);
  return *this;
}

TensorBuffer::~TensorBuffer() {
  if (deleter_) {
    deleter_();
  } else {
    FreeAligned(bytes_.data(), bytes_.size());
  }
}

Result<std::vector<std::string_view>> UnpackStrings(const TensorView& view) {
  std::vector<std::string_view> strings;
  std::span<const std::byte> rest = view.bytes;
  const auto expected = view.shape.ElementCount();
  while (!rest.empty()) {
    if (strings.size() == expected) {
      return InvalidArgument(fmt::format("{} bytes are left over after the {} strings of shape {}",
                                         rest.size(), strings.size(), view.shape.ToString()));
    }
    const auto broken = [&] {
      return InvalidArgument(
          fmt::format("string element {} reaches past the end of the tensor's {} bytes",
                      strings.size(), view.bytes.size()));
    };
    std::uint32_t length;
    if (rest.size() < sizeof length) return broken();
    std::memcpy(&length, rest.data(), sizeof length);
    rest = rest.subspan(sizeof length);
    if (length > rest.size()) return broken();
    strings.emplace_back(reinterpret_cast<const char*>(rest.data()), length);
    rest = rest.subspan(length);
  }
  if (expected != strings.size()) {
    return InvalidArgument(
        fmt::format("{} strings do not fill the shape {}", strings.size(), view.shape.ToString()));
  }
  return strings;
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

std::uint16_t FloatToHalf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7e00U);
  if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);
  if (magnitude < 0x38800000U) {
    const float scaled = std::ldexp(std::bit_cast<float>(magnitude), 24);
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyintf(scaled)));
  }
  const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

float BFloat16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t FloatToBFloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

Result<std::vector<double>> ToDoubles(const TensorView& view) {
  std::vector<double> values;
  values.reserve(view.bytes.size() / std::max<std::size_t>(BytesOf(view.dtype), 1));
  SLIPWAY_RETURN_IF_ERROR(ForEachNumber(view, [&](std::size_t, auto value) {
    values.push_back(static_cast<double>(value));
    return true;
  }));
  return values;
}

Result<TensorBuffer> ConvertTensor(const TensorView& view, DType to) {
  SLIPWAY_TRY(TensorBuffer result, TensorBuffer::Allocate(to, view.shape));
  std::byte* const out = result.bytes().data();
  if (IsHalf(to)) {
    SLIPWAY_RETURN_IF_ERROR(ForEachNumber(view, [&](std::size_t i, auto value) {
      const auto number = static_cast<float>(value);
      const std::uint16_t bits = to == DType::kF16 ? FloatToHalf(number) : FloatToBFloat16(number);
      std::memcpy(out + 2 * i, &bits, 2);
      return true;
    }));
    return result;
  }
  SLIPWAY_RETURN_IF_ERROR(VisitNumeric(to, [&]<class To>(To) -> Status {
    return ForEachNumber(view, [&](std::size_t i, auto value) {
      if (!InRange<To>(value)) return false;
      const auto converted = static_cast<To>(value);
      std::memcpy(out + sizeof(To) * i, &converted, sizeof(To));
      return true;
    });
  }));
  return result;
}

}  // namespace slipway
