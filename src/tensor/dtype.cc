#include "tensor/dtype.h"

#include <algorithm>
#include <array>

namespace slipway {

namespace {

enum class Kind : std::uint8_t { kOther, kFloat, kSigned, kUnsigned };

struct Row {
  DType dtype;
  std::uint8_t bits;
  Kind kind;
  bool servable;
  std::string_view oip;
  std::string_view short_name;
};

constexpr std::array kRows = {
    Row{DType::kUndefined, 0, Kind::kOther, false, "UNDEFINED", "undefined"},
    Row{DType::kF32, 32, Kind::kFloat, true, "FP32", "f32"},
    Row{DType::kU8, 8, Kind::kUnsigned, true, "UINT8", "u8"},
    Row{DType::kI8, 8, Kind::kSigned, true, "INT8", "i8"},
    Row{DType::kU16, 16, Kind::kUnsigned, true, "UINT16", "u16"},
    Row{DType::kI16, 16, Kind::kSigned, true, "INT16", "i16"},
    Row{DType::kI32, 32, Kind::kSigned, true, "INT32", "i32"},
    Row{DType::kI64, 64, Kind::kSigned, true, "INT64", "i64"},
    Row{DType::kString, 0, Kind::kOther, true, "BYTES", "string"},
    Row{DType::kBool, 8, Kind::kOther, true, "BOOL", "bool"},
    Row{DType::kF16, 16, Kind::kFloat, true, "FP16", "f16"},
    Row{DType::kF64, 64, Kind::kFloat, true, "FP64", "f64"},
    Row{DType::kU32, 32, Kind::kUnsigned, true, "UINT32", "u32"},
    Row{DType::kU64, 64, Kind::kUnsigned, true, "UINT64", "u64"},
    Row{DType::kComplex64, 64, Kind::kOther, false, "COMPLEX64", "complex64"},
    Row{DType::kComplex128, 128, Kind::kOther, false, "COMPLEX128", "complex128"},
    Row{DType::kBF16, 16, Kind::kFloat, true, "BF16", "bf16"},
    Row{DType::kF8E4M3FN, 8, Kind::kFloat, false, "F8E4M3FN", "f8e4m3fn"},
    Row{DType::kF8E4M3FNUZ, 8, Kind::kFloat, false, "F8E4M3FNUZ", "f8e4m3fnuz"},
    Row{DType::kF8E5M2, 8, Kind::kFloat, false, "F8E5M2", "f8e5m2"},
    Row{DType::kF8E5M2FNUZ, 8, Kind::kFloat, false, "F8E5M2FNUZ", "f8e5m2fnuz"},
    Row{DType::kU4, 4, Kind::kUnsigned, false, "UINT4", "u4"},
    Row{DType::kI4, 4, Kind::kSigned, false, "INT4", "i4"},
    Row{DType::kF4E2M1, 4, Kind::kFloat, false, "F4E2M1", "f4e2m1"},
    Row{DType::kF8E8M0, 8, Kind::kFloat, false, "F8E8M0", "f8e8m0"},
    Row{DType::kU2, 2, Kind::kUnsigned, false, "UINT2", "u2"},
    Row{DType::kI2, 2, Kind::kSigned, false, "INT2", "i2"},
    Row{DType::kF6E2M3, 6, Kind::kFloat, false, "F6E2M3", "f6e2m3"},
    Row{DType::kF6E3M2, 6, Kind::kFloat, false, "F6E3M2", "f6e3m2"},
};

const Row& RowOf(DType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  return index < kRows.size() ? kRows[index] : kRows[0];
}

}  // namespace

std::size_t BitsOf(DType dtype) { return RowOf(dtype).bits; }
bool IsServable(DType dtype) { return RowOf(dtype).servable; }
bool IsFloatingPoint(DType dtype) { return RowOf(dtype).kind == Kind::kFloat; }
bool IsSignedInteger(DType dtype) { return RowOf(dtype).kind == Kind::kSigned; }
bool IsUnsignedInteger(DType dtype) { return RowOf(dtype).kind == Kind::kUnsigned; }
std::string_view OipName(DType dtype) { return RowOf(dtype).oip; }
std::string_view ShortName(DType dtype) { return RowOf(dtype).short_name; }

std::optional<DType> DTypeFromOip(std::string_view name) {
  const auto found = std::find_if(kRows.begin(), kRows.end(),
                                  [&](const Row& row) { return row.servable && row.oip == name; });
  if (found == kRows.end()) return std::nullopt;
  return found->dtype;
}

std::optional<DType> DTypeFromShortName(std::string_view name) {
  const auto found = std::find_if(kRows.begin() + 1, kRows.end(),
                                  [&](const Row& row) { return row.short_name == name; });
  if (found == kRows.end()) return std::nullopt;
  return found->dtype;
}

}  // namespace slipway
