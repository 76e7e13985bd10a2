#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway {

/// Element types, with the numbers of ONNX's TensorProto.DataType, so that no importer or writer
/// needs a table.
enum class DType : std::uint8_t {
  kUndefined = 0,
  kF32 = 1,
  kU8 = 2,
  kI8 = 3,
  kU16 = 4,
  kI16 = 5,
  kI32 = 6,
  kI64 = 7,
  kString = 8,
  kBool = 9,
  kF16 = 10,
  kF64 = 11,
  kU32 = 12,
  kU64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBF16 = 16,
  kF8E4M3FN = 17,
  kF8E4M3FNUZ = 18,
  kF8E5M2 = 19,
  kF8E5M2FNUZ = 20,
  kU4 = 21,
  kI4 = 22,
  kF4E2M1 = 23,
  kF8E8M0 = 24,
  kU2 = 25,
  kI2 = 26,
  kF6E2M3 = 27,
  kF6E3M2 = 28,
};

/// Bits of one element; 0 for kString and kUndefined.
std::size_t BitsOf(DType dtype);
/// Bytes of one element; 0 for kString, kUndefined and types smaller than a byte.
inline std::size_t BytesOf(DType dtype) { return BitsOf(dtype) / 8; }

/// True for the types that a request may carry: the thirteen of the Open Inference Protocol and
/// BF16.
bool IsServable(DType dtype);
bool IsFloatingPoint(DType dtype);
bool IsSignedInteger(DType dtype);
bool IsUnsignedInteger(DType dtype);
inline bool IsInteger(DType dtype) { return IsSignedInteger(dtype) || IsUnsignedInteger(dtype); }

/// "FP32", "INT64", "BYTES": the Open Inference Protocol's name; Slipway's upper-case own name for
/// types it does not know.
std::string_view OipName(DType dtype);
std::optional<DType> DTypeFromOip(std::string_view name);

/// "f32", "i64", "string": Slipway's own short name, as the command line and text forms print and
/// read it.
std::string_view ShortName(DType dtype);
std::optional<DType> DTypeFromShortName(std::string_view name);

}  // namespace slipway
