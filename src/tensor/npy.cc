#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "tensor/npy_header.h"
#include "tensor/npz.h"

namespace slipway {

namespace {

/// An array of empty strings takes no bytes in the file, so its size is bounded by a number
/// instead.
constexpr std::uint64_t kMaxZeroWidthStrings = 65'536;
constexpr std::uint64_t kMaxStringArrayBytes = std::uint64_t{4} << 30;

/// Copies `source`, whose first axis varies fastest, to `target`, whose last axis does.
void CopyFromFortranOrder(const Shape& shape, std::size_t item, const std::byte* source,
                          std::byte* target) {
  std::array<std::size_t, Shape::kMaxRank> strides{};
  std::array<std::int64_t, Shape::kMaxRank> index{};
  std::size_t stride = item;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    strides[axis] = stride;
    stride *= static_cast<std::size_t>(shape[axis]);
  }
  const std::uint64_t count = shape.ElementCount().value_or(0);
  std::size_t offset = 0;
  for (std::uint64_t i = 0; i < count; ++i, target += item) {
    std::memcpy(target, source + offset, item);
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
}

/// Reverses every group of `unit` bytes.
void SwapBytes(std::span<std::byte> bytes, std::size_t unit) {
  for (std::size_t begin = 0; unit > 1 && begin + unit <= bytes.size(); begin += unit) {
    std::reverse(bytes.begin() + begin, bytes.begin() + begin + unit);
  }
}

/// Bytes that change place together: half an element for complex numbers.
std::size_t SwapUnit(const NpyHeader& header) {
  if (header.is_utf32) return 4;
  if (header.dtype == DType::kString) return 1;
  const bool is_complex = header.dtype == DType::kComplex64 || header.dtype == DType::kComplex128;
  return is_complex ? header.item_bytes / 2 : header.item_bytes;
}

/// The elements' bytes, checked against the header before anything is allocated.
Result<std::span<const std::byte>> ElementBytes(const NpyHeader& header,
                                                std::span<const std::byte> bytes) {
  const auto count = header.shape.ElementCount();
  const auto size = count ? CheckedMul<std::uint64_t>(*count, header.item_bytes) : std::nullopt;
  if (!size) {
    return DataLoss(fmt::format("the shape {} overflows", header.shape.ToString()));
  }
  const auto data = bytes.subspan(header.data_offset);
  if (data.size() != *size) {
    return DataLoss(fmt::format("the header promises {} bytes of data for {}{}, the file has {}",
                                *size, ShortName(header.dtype), header.shape.ToString(),
                                data.size()));
  }
  if (header.item_bytes == 0 && *count > kMaxZeroWidthStrings) {
    return DataLoss(
        fmt::format("{} strings of no width, at most {} are read", *count, kMaxZeroWidthStrings));
  }
  return data;
}

/// The elements in C order and this machine's byte order.
void CopyElements(const NpyHeader& header, std::span<const std::byte> data,
                  std::span<std::byte> out) {
  if (header.is_fortran_order && header.shape.rank() > 1) {
    CopyFromFortranOrder(header.shape, header.item_bytes, data.data(), out.data());
  } else if (!data.empty()) {
    std::memcpy(out.data(), data.data(), data.size());
  }
  if (header.is_big_endian) SwapBytes(out, SwapUnit(header));
}

bool AppendUtf8(std::uint32_t code, std::string& text) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
    return true;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
  text.push_back(static_cast<char>(kLead[more] | (code >> (6 * more))));
  for (int i = more - 1; i >= 0; --i) {
    text.push_back(static_cast<char>(0x80U | ((code >> (6 * i)) & 0x3FU)));
  }
  return true;
}

/// One fixed-width element without its padding of zeros; nullopt: a code point that does not exist.
std::optional<std::string> ReadFixedWidth(std::span<const std::byte> item, bool is_utf32) {
  const std::size_t unit = is_utf32 ? 4 : 1;
  constexpr std::array<std::byte, 4> kZero{};
  while (item.size() >= unit &&
         std::memcmp(item.data() + item.size() - unit, kZero.data(), unit) == 0) {
    item = item.first(item.size() - unit);
  }
  if (!is_utf32) return std::string(reinterpret_cast<const char*>(item.data()), item.size());
  std::string text;
  for (; !item.empty(); item = item.subspan(4)) {
    std::uint32_t code;
    std::memcpy(&code, item.data(), sizeof code);
    if (!AppendUtf8(code, text)) return std::nullopt;
  }
  return text;
}

Result<TensorBuffer> DecodeStrings(const NpyHeader& header, std::span<const std::byte> data) {
  std::vector<std::byte> elements(data.size());
  CopyElements(header, data, elements);
  const std::uint64_t count = header.shape.ElementCount().value_or(0);
  std::vector<std::byte> packed;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto item = std::span(elements).subspan(i * header.item_bytes, header.item_bytes);
    const auto text = ReadFixedWidth(item, header.is_utf32);
    if (!text) return DataLoss(fmt::format("string element {} is not Unicode", i));
    const auto length = static_cast<std::uint32_t>(text->size());
    const auto length_bytes = std::as_bytes(std::span(&length, 1));
    packed.insert(packed.end(), length_bytes.begin(), length_bytes.end());
    const auto content = std::as_bytes(std::span(*text));
    packed.insert(packed.end(), content.begin(), content.end());
  }
  return TensorBuffer::CopyOf({DType::kString, header.shape, packed});
}

Result<std::string> EncodeStrings(const TensorView& tensor) {
  SLIPWAY_TRY(const auto strings, UnpackStrings(tensor));
  std::size_t width = 1;
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (strings[i].ends_with('\0')) {
      return InvalidArgument(fmt::format(
          "string element {} ends in a zero byte, which NumPy's fixed-width strings cannot hold",
          i));
    }
    width = std::max(width, strings[i].size());
  }
  const auto size = CheckedMul<std::uint64_t>(width, strings.size());
  if (!size || *size > kMaxStringArrayBytes) {
    return ResourceExhausted(
        fmt::format("{} strings of up to {} bytes make a fixed-width array of more than {} bytes",
                    strings.size(), width, kMaxStringArrayBytes));
  }
  std::string text = FormatNpyHeader(fmt::format("|S{}", width), tensor.shape);
  text.reserve(text.size() + *size);
  for (const std::string_view element : strings) {
    text.append(element).append(width - element.size(), '\0');
  }
  return text;
}

struct DescrRow {
  DType dtype;
  std::string_view descr;
};
constexpr std::array kDescrs = {
    DescrRow{DType::kBool, "|b1"},      DescrRow{DType::kI8, "|i1"},
    DescrRow{DType::kU8, "|u1"},        DescrRow{DType::kI16, "<i2"},
    DescrRow{DType::kU16, "<u2"},       DescrRow{DType::kI32, "<i4"},
    DescrRow{DType::kU32, "<u4"},       DescrRow{DType::kI64, "<i8"},
    DescrRow{DType::kU64, "<u8"},       DescrRow{DType::kF16, "<f2"},
    DescrRow{DType::kF32, "<f4"},       DescrRow{DType::kF64, "<f8"},
    DescrRow{DType::kComplex64, "<c8"}, DescrRow{DType::kComplex128, "<c16"},
};

}  // namespace

Result<TensorBuffer> DecodeNpy(std::span<const std::byte> bytes) {
  SLIPWAY_TRY(const NpyHeader header, ParseNpyHeader(bytes));
  SLIPWAY_TRY(const auto data, ElementBytes(header, bytes));
  if (header.dtype == DType::kString) return DecodeStrings(header, data);
  SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(header.dtype, header.shape));
  CopyElements(header, data, tensor.bytes());
  if (header.dtype == DType::kBool) {
    for (std::byte& value : tensor.bytes()) value = std::byte{value != std::byte{0}};
  }
  return tensor;
}

Result<std::string> EncodeNpy(const TensorView& tensor) {
  if (tensor.dtype == DType::kString) return EncodeStrings(tensor);
  if (tensor.dtype == DType::kBF16) {
    SLIPWAY_TRY(const TensorBuffer widened, ConvertTensor(tensor, DType::kF32));
    return EncodeNpy(widened.view());
  }
  const auto row = std::ranges::find(kDescrs, tensor.dtype, &DescrRow::dtype);
  if (row == kDescrs.end()) {
    return Unimplemented(fmt::format("NumPy has no type for {}", ShortName(tensor.dtype)));
  }
  if (ByteSize(tensor.dtype, tensor.shape) != tensor.bytes.size()) {
    return InvalidArgument(fmt::format("{} bytes do not fill a tensor {}{}", tensor.bytes.size(),
                                       ShortName(tensor.dtype), tensor.shape.ToString()));
  }
  std::string text = FormatNpyHeader(row->descr, tensor.shape);
  text.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  return text;
}

}  // namespace slipway
