#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http/decimal_run.h"
#include "serve/http/json_reader.h"
#include "serve/predict/request_rules.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// What JSON may hold beside plain values.
struct TensorJsonRules {
  bool non_finite = false;  ///< NaN, Infinity and -Infinity as bare words, for floating point
  bool base64 = false;      ///< {"b64": "..."} as a string element
};

/// Makes a tensor of one type out of JSON values, nested to any depth: values go from the text into
/// the tensor in one pass, the dimensions are learned from the brackets. Append() may be called
/// again for further rows, which must all have the same dimensions. Memory grows with what has been
/// read, never with what a client announces. Not thread-safe.
class TensorBuilder {
 public:
  /// Precondition: `dtype` is servable.
  TensorBuilder(DType dtype, TensorJsonRules rules) : dtype_(dtype), rules_(rules) {}

  /// Room for so many elements, but not more than `reader` can still hold.
  Status Reserve(std::uint64_t elements, const JsonReader& reader);

  /// Reads the next value: a scalar, or arrays in arrays. InvalidArgument at the pointer of the
  /// element: another kind of value, out of the type's range, lists of different lengths, more than
  /// Shape::kMaxRank levels, too many elements.
  Status Append(JsonReader& reader);

  std::uint64_t elements() const { return elements_; }
  /// Of one appended value; only after an Append(). A scalar has rank 0.
  Shape row_shape() const;

  /// The elements under `shape`; the bytes live as long as this.
  /// Precondition: shape.ElementCount() == elements().
  TensorView View(const Shape& shape) const;

 private:
  template <class T>
  Status AppendLevel(JsonReader& reader, std::size_t level);
  template <class T>
  Status AppendRow(JsonReader& reader, std::size_t level);
  template <class T>
  DecimalRun AppendRun(const char* at, const char* end);
  template <class T>
  DecimalRun AppendRows(const char* at, const char* end, std::size_t level);
  template <class T>
  std::span<T> Room();
  template <class T>
  Status AppendScalar(JsonReader& reader);
  template <class T>
  const char* ReadElement(JsonReader& reader, const char* at, T& value);
  Status AppendString(JsonReader& reader);
  Status Close(const JsonReader& reader, std::size_t level, std::int64_t count);
  Status FixRank(const JsonReader& reader, std::size_t rank);
  Status Grow(std::size_t bytes);
  Status Store(const void* bytes, std::size_t size);
  Status WrongElement(JsonReader& reader);
  std::string Below(std::size_t level) const;

  DType dtype_;
  TensorJsonRules rules_;
  TensorBuffer memory_;  ///< bytes, of which the first used_ are elements
  std::size_t used_ = 0;
  std::uint64_t elements_ = 0;
  std::array<std::int64_t, Shape::kMaxRank> dims_{};
  std::array<bool, Shape::kMaxRank> is_known_{};
  std::array<std::int64_t, Shape::kMaxRank> index_{};  ///< of the element being read, by level
  std::size_t rank_ = 0;
  bool is_rank_known_ = false;
};

}  // namespace slipway::serve
