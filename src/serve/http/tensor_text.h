#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace slipway::serve {

/// Writes a tensor's elements as JSON. Numbers as WriteDecimal() does, so bare NaN and Infinity
/// occur. The tensor's bytes outlive this. Immutable, thread-safe.
class TensorText {
 public:
  enum class Strings { kText, kBase64Object };  ///< kText: what is not UTF-8 becomes U+FFFD

  /// Precondition: `view` is whole (its strings unpack), static and of a servable type.
  explicit TensorText(const TensorView& view, Strings strings = Strings::kText);

  /// One flat list.
  void AppendFlat(std::string& json) const;
  /// Lists in lists, as the shape says; a scalar without brackets.
  void AppendNested(std::string& json) const;
  /// The same for the part at `row` of the first dimension.
  /// Precondition: rank >= 1 and 0 <= row < shape[0].
  void AppendRow(std::string& json, std::int64_t row) const;

 private:
  void AppendRun(std::string& json, std::size_t first, std::size_t count) const;
  void AppendLevel(std::string& json, std::size_t axis, std::size_t& next) const;
  std::size_t ElementsUnder(std::size_t axis) const;

  TensorView view_;
  Strings form_;
  std::vector<std::string_view> strings_;
};

}  // namespace slipway::serve
