#include "serve/http/tensor_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "serve/http/base64.h"
#include "serve/http/decimal.h"
#include "serve/http/json_text.h"

namespace slipway::serve {
namespace {

template <class T>
T Load(const TensorView& view, std::size_t index) {
  T value;
  std::memcpy(&value, view.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

template <class T>
char* WriteElement(char* out, const TensorView& view, std::size_t index) {
  const T value = Load<T>(view, index);
  if constexpr (std::is_floating_point_v<T>) {
    return WriteDecimal(out, value);
  } else {
    return std::to_chars(out, out + kMaxDecimalBytes, value).ptr;
  }
}

char* WriteHalf(char* out, const TensorView& view, std::size_t index) {
  return WriteDecimal(out, HalfToFloat(Load<std::uint16_t>(view, index)));
}

char* WriteBFloat16(char* out, const TensorView& view, std::size_t index) {
  return WriteDecimal(out, BFloat16ToFloat(Load<std::uint16_t>(view, index)));
}

char* WriteBool(char* out, const TensorView& view, std::size_t index) {
  const std::string_view word = view.bytes[index] != std::byte{0} ? "true" : "false";
  return out + word.copy(out, word.size());
}

using Writer = char* (*)(char*, const TensorView&, std::size_t);

Writer WriterOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return WriteElement<float>;
    case DType::kF64:
      return WriteElement<double>;
    case DType::kF16:
      return WriteHalf;
    case DType::kBF16:
      return WriteBFloat16;
    case DType::kU8:
      return WriteElement<std::uint8_t>;
    case DType::kI8:
      return WriteElement<std::int8_t>;
    case DType::kU16:
      return WriteElement<std::uint16_t>;
    case DType::kI16:
      return WriteElement<std::int16_t>;
    case DType::kU32:
      return WriteElement<std::uint32_t>;
    case DType::kI32:
      return WriteElement<std::int32_t>;
    case DType::kU64:
      return WriteElement<std::uint64_t>;
    case DType::kI64:
      return WriteElement<std::int64_t>;
    default:
      return WriteBool;
  }
}

void AppendString(std::string& json, std::string_view text, TensorText::Strings form) {
  if (form == TensorText::Strings::kText) return AppendQuoted(json, text);
  json += R"({"b64": ")";
  AppendBase64(json, text);
  json += "\"}";
}

}  // namespace

TensorText::TensorText(const TensorView& view, Strings strings) : view_(view), form_(strings) {
  if (view.dtype != DType::kString) return;
  Result<std::vector<std::string_view>> unpacked = UnpackStrings(view);
  if (unpacked.ok()) strings_ = std::move(*unpacked);
}

std::size_t TensorText::ElementsUnder(std::size_t axis) const {
  std::size_t count = 1;
  for (const std::int64_t dim : view_.shape.dims().subspan(axis))
    count *= static_cast<std::size_t>(dim);
  return count;
}

void TensorText::AppendRun(std::string& json, std::size_t first, std::size_t count) const {
  if (view_.dtype == DType::kString) {
    for (std::size_t i = first; i < first + count; ++i) {
      if (i > first) json += ',';
      AppendString(json, strings_[i], form_);
    }
    return;
  }
  constexpr std::size_t kRun = 128;
  std::array<char, kRun*(kMaxDecimalBytes + 1)> buffer;
  const Writer write = WriterOf(view_.dtype);
  for (std::size_t done = 0; done < count;) {
    const std::size_t run_end = std::min(done + kRun, count);
    char* out = buffer.data();
    for (; done < run_end; ++done) {
      if (done > 0) *out++ = ',';
      out = write(out, view_, first + done);
    }
    json.append(buffer.data(), out);
  }
}

void TensorText::AppendFlat(std::string& json) const {
  json += '[';
  AppendRun(json, 0, ElementsUnder(0));
  json += ']';
}

void TensorText::AppendLevel(std::string& json, std::size_t axis, std::size_t& next) const {
  const std::size_t rank = view_.shape.rank();
  if (axis + 1 >= rank) {
    const std::size_t count = ElementsUnder(axis);
    if (rank > axis) json += '[';
    AppendRun(json, next, count);
    if (rank > axis) json += ']';
    next += count;
    return;
  }
  json += '[';
  for (std::int64_t i = 0; i < view_.shape[axis]; ++i) {
    if (i > 0) json += ',';
    AppendLevel(json, axis + 1, next);
  }
  json += ']';
}

void TensorText::AppendNested(std::string& json) const {
  std::size_t next = 0;
  AppendLevel(json, 0, next);
}

void TensorText::AppendRow(std::string& json, std::int64_t row) const {
  std::size_t next = ElementsUnder(1) * static_cast<std::size_t>(row);
  if (view_.shape.rank() == 1) return AppendRun(json, next, 1);
  AppendLevel(json, 1, next);
}

}  // namespace slipway::serve
