#include "cli/tensor_json.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "cli/tensor_fit.h"

namespace slipway::cli {

namespace {

/// Collects the leaves of nested lists and the shape they make.
class JsonLeaves {
 public:
  explicit JsonLeaves(const TensorSpec& spec) : spec_(spec) {}

  Status Collect(const Json& json, std::size_t depth) {
    if (!json.is_array()) {
      if (depth != dims_.size())
        return InputError(spec_, "the lists are ragged: some are nested deeper than others");
      leaves_.push_back(&json);
      return {};
    }
    if (depth == Shape::kMaxRank) return InputError(spec_, "the lists are nested too deeply");
    const auto size = static_cast<std::int64_t>(json.size());
    if (depth == dims_.size()) {
      if (!leaves_.empty())
        return InputError(spec_, "the lists are ragged: some are nested deeper than others");
      dims_.push_back(size);
    } else if (dims_[depth] != size) {
      return InputError(spec_, fmt::format("the lists are ragged: {} and {} elements at depth {}",
                                           dims_[depth], size, depth + 1));
    }
    for (const Json& element : json) SLIPWAY_RETURN_IF_ERROR(Collect(element, depth + 1));
    return {};
  }

  std::span<const Json* const> leaves() const { return leaves_; }
  const std::vector<std::int64_t>& dims() const { return dims_; }

 private:
  const TensorSpec& spec_;
  std::vector<std::int64_t> dims_;
  std::vector<const Json*> leaves_;
};

Result<TensorBuffer> NumbersFromJson(const TensorSpec& spec, const Shape& shape,
                                     std::span<const Json* const> leaves) {
  SLIPWAY_TRY(TensorBuffer doubles, TensorBuffer::Allocate(DType::kF64, shape));
  const std::span<double> values = doubles.As<double>();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Json& leaf = *leaves[i];
    if (leaf.is_boolean()) {
      values[i] = leaf.get<bool>() ? 1 : 0;
    } else if (leaf.is_number()) {
      values[i] = leaf.get<double>();
    } else {
      return InputError(
          spec, fmt::format("element {} is {}, not a number", i, Printable(DumpJson(leaf), 64)));
    }
  }
  return CastTo(spec, std::move(doubles));
}

/// 64-bit integers do not pass through double.
Result<TensorBuffer> WideIntegersFromJson(const TensorSpec& spec, const Shape& shape,
                                          std::span<const Json* const> leaves) {
  SLIPWAY_TRY(TensorBuffer buffer, TensorBuffer::Allocate(spec.dtype, shape));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Json& leaf = *leaves[i];
    const bool fits =
        spec.dtype == DType::kU64
            ? leaf.is_number_unsigned()
            : leaf.is_number_integer() && (!leaf.is_number_unsigned() ||
                                           std::in_range<std::int64_t>(leaf.get<std::uint64_t>()));
    if (!fits)
      return InputError(spec, fmt::format("element {} is {}, not an integer of type {}", i,
                                          Printable(DumpJson(leaf), 64), ShortName(spec.dtype)));
    const std::uint64_t bits = leaf.is_number_unsigned()
                                   ? leaf.get<std::uint64_t>()
                                   : static_cast<std::uint64_t>(leaf.get<std::int64_t>());
    std::memcpy(buffer.bytes().data() + 8 * i, &bits, 8);
  }
  return buffer;
}

Result<TensorBuffer> StringsFromJson(const TensorSpec& spec, const Shape& shape,
                                     std::span<const Json* const> leaves) {
  std::vector<std::string_view> strings;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i]->is_string())
      return InputError(spec, fmt::format("element {} is not a string", i));
    strings.push_back(leaves[i]->get_ref<const std::string&>());
  }
  return TensorBuffer::FromStrings(shape, strings);
}

OrderedJson Nest(const Shape& shape, std::size_t axis, std::size_t& next,
                 const std::vector<OrderedJson>& leaves) {
  if (axis == shape.rank()) return leaves[next++];
  OrderedJson list = OrderedJson::array();
  for (std::int64_t i = 0; i < shape[axis]; ++i)
    list.push_back(Nest(shape, axis + 1, next, leaves));
  return list;
}

/// float as the double whose shortest text is the float's own shortest text.
double ShortestDouble(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return ParseDouble(std::string_view(text, static_cast<std::size_t>(end - text))).value_or(value);
}

std::vector<OrderedJson> Leaves(const TensorView& tensor) {
  std::vector<OrderedJson> leaves;
  if (tensor.dtype == DType::kString) {
    const auto strings = UnpackStrings(tensor);
    if (strings.ok()) leaves.assign(strings->begin(), strings->end());
    return leaves;
  }
  if (tensor.dtype == DType::kI64 || tensor.dtype == DType::kU64) {
    for (const std::int64_t value : tensor.As<std::int64_t>()) {
      leaves.push_back(tensor.dtype == DType::kI64
                           ? OrderedJson(value)
                           : OrderedJson(static_cast<std::uint64_t>(value)));
    }
    return leaves;
  }
  const auto values = ToDoubles(tensor);
  if (!values.ok()) return leaves;
  for (const double value : *values) {
    if (tensor.dtype == DType::kBool) {
      leaves.emplace_back(value != 0);
    } else if (IsInteger(tensor.dtype)) {
      leaves.emplace_back(static_cast<std::int64_t>(value));
    } else if (tensor.dtype == DType::kF64) {
      leaves.emplace_back(value);
    } else {
      leaves.emplace_back(ShortestDouble(static_cast<float>(value)));
    }
  }
  return leaves;
}

}  // namespace

Result<TensorBuffer> TensorFromJson(const TensorSpec& spec, const Json& json) {
  JsonLeaves leaves(spec);
  SLIPWAY_RETURN_IF_ERROR(leaves.Collect(json, 0));
  SLIPWAY_TRY(const Shape shape, Shape::Make(leaves.dims()));
  if (spec.dtype == DType::kString) return StringsFromJson(spec, shape, leaves.leaves());
  if (spec.dtype == DType::kI64 || spec.dtype == DType::kU64)
    return WideIntegersFromJson(spec, shape, leaves.leaves());
  return NumbersFromJson(spec, shape, leaves.leaves());
}

OrderedJson TensorToJson(const TensorView& tensor) {
  const std::vector<OrderedJson> leaves = Leaves(tensor);
  std::size_t next = 0;
  return Nest(tensor.shape, 0, next, leaves);
}

}  // namespace slipway::cli
