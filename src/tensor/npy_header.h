#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace slipway {

/// What the header of a .npy file says about the bytes behind it.
struct NpyHeader {
  DType dtype = DType::kUndefined;
  std::size_t item_bytes = 0;  ///< of one element in the file; may be 0 for strings
  bool is_big_endian = false;
  bool is_utf32 = false;  ///< kString only: 'U' (code points) instead of 'S' (bytes)
  bool is_fortran_order = false;
  Shape shape;
  std::size_t data_offset = 0;  ///< where the elements begin
};

/// Reads the header strictly: magic, version 1 to 3, at most 64 KiB, exactly the three keys of the
/// format. DataLoss with the byte offset: cut short or not a header. Unimplemented naming the type:
/// structured, date, void, long double arrays, more than 16 dimensions, and (with
/// kForbiddenContent) arrays of Python objects. Allocates nothing that the header's numbers decide.
Result<NpyHeader> ParseNpyHeader(std::span<const std::byte> bytes);

/// Magic, version 1.0 and a C-order header padded to 64 bytes, as numpy.save writes it.
std::string FormatNpyHeader(std::string_view descr, const Shape& shape);

}  // namespace slipway
