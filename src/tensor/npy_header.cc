#include "tensor/npy_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway {

namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kMaxHeaderBytes = 65'536;

struct TypeRow {
  std::string_view code;  // kind and size, as in "<f4"
  DType dtype;
};
constexpr std::array kTypes = {
    TypeRow{"b1", DType::kBool},      TypeRow{"i1", DType::kI8},
    TypeRow{"u1", DType::kU8},        TypeRow{"i2", DType::kI16},
    TypeRow{"u2", DType::kU16},       TypeRow{"i4", DType::kI32},
    TypeRow{"u4", DType::kU32},       TypeRow{"i8", DType::kI64},
    TypeRow{"u8", DType::kU64},       TypeRow{"f2", DType::kF16},
    TypeRow{"f4", DType::kF32},       TypeRow{"f8", DType::kF64},
    TypeRow{"c8", DType::kComplex64}, TypeRow{"c16", DType::kComplex128},
};

struct RefusedRow {
  char kind;
  std::string_view why;
};
constexpr std::array kRefused = {
    RefusedRow{'M', "dates"},
    RefusedRow{'m', "time spans"},
    RefusedRow{'V',
               "void elements (a structured array, or bfloat16, whose name NumPy does not save)"},
    RefusedRow{'f', "long double elements, whose layout depends on the machine"},
    RefusedRow{'c', "long double complex elements"},
};

Status Malformed(std::string_view what, std::size_t offset) {
  return DataLoss(fmt::format("not a NumPy array file: {} at byte {}", what, offset));
}

Status RefusedType(std::string_view descr) {
  const std::string shown = Printable(descr, 64);
  if (descr.find('O') != std::string_view::npos) {
    return Unimplemented(
               fmt::format("type '{}' is an array of Python objects, which are pickles", shown))
        .With(errors::kForbiddenContent)
        .Hint("save it with a numeric type, e.g. np.save(path, np.array(x, dtype=np.float32))");
  }
  const char kind = descr.size() > 1 ? descr[1] : '?';
  const auto row = std::ranges::find(kRefused, kind, &RefusedRow::kind);
  return Unimplemented(row == kRefused.end()
                           ? fmt::format("arrays of type '{}' are not supported", shown)
                           : fmt::format("arrays of type '{}' hold {}", shown, row->why))
      .Hint("convert it first, e.g. x.astype(np.float32)");
}

/// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and nothing
/// wider.
class LiteralReader {
 public:
  LiteralReader(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

  Status Read(NpyHeader& header) {
    SLIPWAY_RETURN_IF_ERROR(Expect('{'));
    while (!Take('}')) {
      SLIPWAY_TRY(const std::string_view key, ReadString());
      SLIPWAY_RETURN_IF_ERROR(Expect(':'));
      SLIPWAY_RETURN_IF_ERROR(ReadValue(key, header));
      if (!Take(',') && Peek() != '}') return Fail("expected ',' or '}'");
    }
    SkipSpace();
    if (position_ != text_.size()) return Fail("text after the dictionary");
    if (!has_descr_ || !has_order_ || !has_shape_) {
      return Fail("'descr', 'fortran_order' or 'shape' is missing");
    }
    return {};
  }

 private:
  Status Fail(std::string_view what) const { return Malformed(what, offset_ + position_); }

  void SkipSpace() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) {
      ++position_;
    }
  }
  char Peek() {
    SkipSpace();
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  bool Take(char expected) {
    if (Peek() != expected || position_ == text_.size()) return false;
    ++position_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }
  Status Expect(char expected) {
    if (Take(expected)) return {};
    return Fail(fmt::format("expected '{}'", expected));
  }

  Result<std::string_view> ReadString() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return Fail("expected a string");
    const std::size_t begin = position_ + 1;
    const std::size_t end = text_.find(quote, begin);
    if (end == std::string_view::npos) return Fail("a string without an end");
    const std::string_view text = text_.substr(begin, end - begin);
    if (text.find('\\') != std::string_view::npos) return Fail("an escape in a string");
    position_ = end + 1;
    return text;
  }

  Status ReadValue(std::string_view key, NpyHeader& header) {
    if (key == "descr" && !has_descr_) {
      has_descr_ = true;
      return ReadDescr(header);
    }
    if (key == "fortran_order" && !has_order_) {
      has_order_ = true;
      return ReadOrder(header);
    }
    if (key == "shape" && !has_shape_) {
      has_shape_ = true;
      return ReadShape(header);
    }
    return Fail(fmt::format("the key '{}' is unknown or given twice", Printable(key, 64)));
  }

  Status ReadOrder(NpyHeader& header) {
    header.is_fortran_order = TakeWord("True");
    if (header.is_fortran_order || TakeWord("False")) return {};
    return Fail("'fortran_order' is neither True nor False");
  }

  Status ReadShape(NpyHeader& header) {
    SLIPWAY_RETURN_IF_ERROR(Expect('('));
    std::vector<std::int64_t> dims;
    while (!Take(')')) {
      SLIPWAY_TRY(const std::int64_t dim, ReadDimension());
      if (dims.size() == Shape::kMaxRank) {
        return Unimplemented(fmt::format("the array has more than {} dimensions", Shape::kMaxRank));
      }
      dims.push_back(dim);
      if (!Take(',') && Peek() != ')') return Fail("expected ',' or ')'");
    }
    header.shape = Shape(std::span<const std::int64_t>(dims));
    return {};
  }

  Result<std::int64_t> ReadDimension() {
    SkipSpace();
    const std::size_t end =
        std::min(text_.find_first_not_of("0123456789", position_), text_.size());
    const auto dim = ParseInt64(text_.substr(position_, end - position_));
    if (!dim) return Fail("a dimension is not a number of 64 bits");
    position_ = end;
    TakeWord("L");  // Python 2 wrote long integers so
    return *dim;
  }

  Status ReadDescr(NpyHeader& header) {
    if (Peek() == '[' || Peek() == '(' || Peek() == '{') {
      const bool has_objects = text_.find("O'") != std::string_view::npos;
      if (has_objects) return RefusedType("structured with 'O'");
      return Unimplemented("structured arrays (several named fields) are not supported")
          .Hint(
              "save one array per field, e.g. np.savez(path, **{f: x[f] for f in x.dtype.names})");
    }
    SLIPWAY_TRY(const std::string_view descr, ReadString());
    return InterpretDescr(descr, header);
  }

  Status InterpretDescr(std::string_view descr, NpyHeader& header) const {
    if (descr.size() < 2) return RefusedType(descr);
    const char order = descr[0];
    if (order != '<' && order != '>' && order != '|' && order != '=') return RefusedType(descr);
    header.is_big_endian = order == '>';
    if (descr[1] == 'S' || descr[1] == 'U') return InterpretStringDescr(descr, header);
    const auto row = std::ranges::find(kTypes, descr.substr(1), &TypeRow::code);
    if (row == kTypes.end()) return RefusedType(descr);
    header.dtype = row->dtype;
    header.item_bytes = BytesOf(row->dtype);
    return {};
  }

  Status InterpretStringDescr(std::string_view descr, NpyHeader& header) const {
    const auto width = ParseUint64(descr.substr(2));
    if (!width || *width > std::numeric_limits<std::uint32_t>::max() / 4) {
      return Fail(fmt::format("the string width of '{}' is out of range", Printable(descr, 64)));
    }
    header.dtype = DType::kString;
    header.is_utf32 = descr[1] == 'U';
    header.item_bytes = header.is_utf32 ? *width * 4 : *width;
    return {};
  }

  std::string_view text_;
  std::size_t offset_;
  std::size_t position_ = 0;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

std::string LittleEndian(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

}  // namespace

Result<NpyHeader> ParseNpyHeader(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) return Malformed("the magic bytes are missing", 0);
  if (text.size() < 8) return Malformed("the file ends in its version", text.size());
  const unsigned major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3 || text[7] != 0) {
    return Unimplemented(fmt::format("NumPy array file of version {}.{}; 1.0 to 3.0 are read",
                                     major, static_cast<unsigned char>(text[7])));
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t begin = 8 + length_bytes;
  if (text.size() < begin) return Malformed("the file ends in its header's length", text.size());
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(text[8 + i])) << (8 * i);
  }
  if (length > kMaxHeaderBytes) {
    return Malformed(
        fmt::format("a header of {} bytes, at most {} are read", length, kMaxHeaderBytes), 8);
  }
  if (text.size() - begin < length) return Malformed("the file ends in its header", text.size());
  NpyHeader header;
  header.data_offset = begin + length;
  SLIPWAY_RETURN_IF_ERROR(LiteralReader(text.substr(begin, length), begin).Read(header));
  return header;
}

std::string FormatNpyHeader(std::string_view descr, const Shape& shape) {
  std::string dict =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr,
                  fmt::join(shape.dims(), ", "), shape.rank() == 1 ? "," : "");
  const std::size_t unpadded = kMagic.size() + 2 + 2 + dict.size() + 1;
  dict.append((64 - unpadded % 64) % 64, ' ');
  dict.push_back('\n');
  // At most 16 dimensions of 20 digits: the text always fits the 16-bit length of version 1.0.
  return std::string(kMagic) + std::string("\x01\x00", 2) + LittleEndian(dict.size(), 2) + dict;
}

}  // namespace slipway
