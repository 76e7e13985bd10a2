#include "serve/predict/request_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kMaxIdBytes = 128;
constexpr std::size_t kShownBytes = 64;
constexpr std::int64_t kMaxClasses = 65'536;

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

}  // namespace

Status CheckModelName(std::string_view name) {
  if (IsModelName(name)) return {};
  return FieldInvalid(fmt::format("\"{}\" is not a model's name: {}", Printable(name, kShownBytes),
                                  kModelNamePattern));
}

Status CheckRequestId(std::string_view id) {
  const bool is_printable = std::ranges::all_of(id, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (id.size() <= kMaxIdBytes && is_printable) return {};
  return FieldInvalid(fmt::format("an id is at most {} printable ASCII characters", kMaxIdBytes));
}

Status CheckTensorName(std::string_view name) {
  if (!name.empty() && name.find('\0') == std::string_view::npos) return {};
  return FieldInvalid("a name is not empty and has no NUL");
}

Status CheckParameterKey(std::string_view key) {
  if (key.starts_with("triton_") || key.starts_with('_')) {
    return FieldInvalid(
        fmt::format("\"{}\" is a reserved parameter key", Printable(key, kShownBytes)));
  }
  if (key.starts_with("shared_memory_")) {
    return FieldInvalid(fmt::format("\"{}\" is no parameter of this", Printable(key, kShownBytes)))
        .Hint("shared_memory_region, _offset and _byte_size are those of an input or output");
  }
  return {};
}

Result<std::uint32_t> CheckClasses(std::int64_t classes) {
  if (classes < 1 || classes > kMaxClasses)
    return FieldInvalid(fmt::format("\"classification\" is from 1 to {}", kMaxClasses));
  return static_cast<std::uint32_t>(classes);
}

Result<DType> ServableType(std::string_view name) {
  const std::optional<DType> dtype = DTypeFromOip(name);
  if (dtype.has_value() && IsServable(*dtype)) return *dtype;
  return FieldInvalid(fmt::format("unknown datatype \"{}\"", Printable(name, kShownBytes)))
      .Hint(
          "known: BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BF16 "
          "BYTES");
}

Result<std::uint64_t> CountElements(const Shape& shape) {
  if (std::ranges::any_of(shape.dims(), [](std::int64_t dim) { return dim < 0; }))
    return FieldInvalid("a dimension is not negative");
  const std::optional<std::uint64_t> count = shape.ElementCount();
  if (count.has_value() && *count <= kMaxTensorElements) return *count;
  return FieldInvalid(
      fmt::format("shape {} has more than {} elements", shape.ToString(), kMaxTensorElements));
}

Result<std::int64_t> ParseVersion(std::string_view text) {
  const std::optional<std::int64_t> version = ParseInt64(text);
  if (version.has_value() && *version > 0 && text.front() != '0') return *version;
  return FieldInvalid(
      fmt::format("\"{}\" is not a version: a positive integer", Printable(text, kShownBytes)));
}

std::chrono::microseconds BoundTimeout(std::uint64_t microseconds) {
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 50;
  return std::chrono::microseconds(std::min(microseconds, kLongest));
}

Result<TensorView> Aligned(const TensorView& view, std::list<TensorBuffer>& copies) {
  const std::size_t unit = std::max<std::size_t>(BytesOf(view.dtype), 1);
  if (reinterpret_cast<std::uintptr_t>(view.bytes.data()) % unit == 0) return view;
  if (ByteSize(view.dtype, view.shape) != view.bytes.size()) return view;  // refused by Bind()
  SLIPWAY_TRY(TensorBuffer copy, TensorBuffer::CopyOf(view));
  return copies.emplace_back(std::move(copy)).view();
}

}  // namespace slipway::serve
