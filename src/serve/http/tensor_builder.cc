#include "serve/http/tensor_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "serve/http/base64.h"
#include "serve/http/decimal.h"
#include "serve/http/decimal_short.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kFirstBytes = 256;
constexpr std::size_t kShownBytes = 64;

// The quick way over many numbers asks for 16 bytes before them, and looks at a stretch of text at
// a time, which only pays for lists of some length; where it stops, single elements follow.
constexpr std::int64_t kElementsBeforeRun = 8;
constexpr std::int64_t kElementsBetweenRuns = 64;
constexpr std::int64_t kMaxShortRow = 32;

// Two types of JSON's own for elements that have no arithmetic type.
enum class Half : std::uint16_t {};
enum class BFloat : std::uint16_t {};

template <class T>
constexpr bool kIsDecimal = std::is_floating_point_v<T> || std::is_enum_v<T>;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

const char* SkipSpace(const char* at, const char* end) {
  while (at < end && IsSpace(*at)) ++at;
  return at;
}

std::string_view WordAt(const char* at, const char* end) {
  const char* const stop = std::find_if(
      at, end, [](char c) { return IsSpace(c) || c == ',' || c == ']' || c == '}' || c == '['; });
  return {at, static_cast<std::size_t>(stop - at)};
}

struct NonFinite {
  std::string_view word;
  double value;
};
constexpr std::array<NonFinite, 3> kNonFinite = {
    {{"NaN", std::numeric_limits<double>::quiet_NaN()},
     {"Infinity", std::numeric_limits<double>::infinity()},
     {"-Infinity", -std::numeric_limits<double>::infinity()}}};

const NonFinite* FindNonFinite(std::string_view word) {
  const auto* const found = std::ranges::find(kNonFinite, word, &NonFinite::word);
  return found == kNonFinite.end() ? nullptr : found;
}

template <class T>
const char* ReadIntegerOf(const char* at, const char* end, T& value) {
  std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> wide = 0;
  const char* const after = ReadInteger(at, end, wide);
  if (after == nullptr || !std::in_range<T>(wide)) return nullptr;
  value = static_cast<T>(wide);
  return after;
}

template <class T>
const char* ReadHalf(const char* at, const char* end, T& value) {
  float wide = 0;
  const char* const after = ReadDecimal(at, end, wide);
  if (after == nullptr) return nullptr;
  constexpr bool kIsHalf = std::is_same_v<T, Half>;
  const std::uint16_t bits = kIsHalf ? FloatToHalf(wide) : FloatToBFloat16(wide);
  if (std::isinf(kIsHalf ? HalfToFloat(bits) : BFloat16ToFloat(bits))) return nullptr;
  value = T{bits};
  return after;
}

const char* ReadBoolean(const char* at, const char* end, bool& value) {
  const std::string_view word = WordAt(at, end);
  value = word == "true";
  return value || word == "false" ? at + word.size() : nullptr;
}

/// A number of the type, nullptr for anything else.
template <class T>
const char* ReadValue(const char* at, const char* end, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return ReadBoolean(at, end, value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return decimal::Read(at, end, value);
  } else if constexpr (std::is_enum_v<T>) {
    return ReadHalf(at, end, value);
  } else {
    return ReadIntegerOf(at, end, value);
  }
}

template <class T>
T FromDouble(double value) {
  if constexpr (std::is_same_v<T, Half>) {
    return T{FloatToHalf(static_cast<float>(value))};
  } else if constexpr (std::is_same_v<T, BFloat>) {
    return T{FloatToBFloat16(static_cast<float>(value))};
  } else {
    return static_cast<T>(value);
  }
}

std::string ElementWord(DType dtype) {
  if (dtype == DType::kBool) return "true or false";
  if (IsFloatingPoint(dtype)) return fmt::format("a number within {}", OipName(dtype));
  if (dtype == DType::kString) return "a string";
  return fmt::format("an integer within {}", OipName(dtype));
}

}  // namespace

template <class T>
const char* TensorBuilder::ReadElement(JsonReader& reader, const char* at, T& value) {
  const char* const after = ReadValue(at, reader.end(), value);
  if (after != nullptr) [[likely]]
    return after <= reader.end() ? after : nullptr;
  if constexpr (kIsDecimal<T>) {
    const std::string_view word = WordAt(at, reader.end());
    const NonFinite* const special = rules_.non_finite ? FindNonFinite(word) : nullptr;
    if (special == nullptr) return nullptr;
    value = FromDouble<T>(special->value);
    return at + word.size();
  }
  return nullptr;
}

Status TensorBuilder::WrongElement(JsonReader& reader) {
  const std::string below = Below(rank_);
  const std::string_view word = WordAt(reader.cursor(), reader.end());
  if (word.empty() || word.front() == '{' || word.front() == '"' || word == "null") {
    const auto kind = reader.Peek();
    if (kind == JsonReader::Kind::kOther || kind == JsonReader::Kind::kEnd)
      return reader.NotJson(ElementWord(dtype_));
    const std::string_view got = kind == JsonReader::Kind::kString   ? "a string"
                                 : kind == JsonReader::Kind::kObject ? "an object"
                                 : kind == JsonReader::Kind::kArray  ? "an array"
                                                                     : "null";
    return reader.Invalid(fmt::format("expected {}, got {}", ElementWord(dtype_), got), below);
  }
  Status status = reader.Invalid(
      fmt::format("\"{}\" is not {}", Printable(word, kShownBytes), ElementWord(dtype_)), below);
  if (FindNonFinite(word) == nullptr || !IsFloatingPoint(dtype_)) return status;
  return std::move(status).Hint("send values that are not finite in binary form");
}

Status TensorBuilder::Grow(std::size_t bytes) {
  SLIPWAY_TRY(TensorBuffer larger,
              TensorBuffer::Allocate(DType::kU8, {static_cast<std::int64_t>(bytes)}));
  if (used_ > 0) std::memcpy(larger.bytes().data(), memory_.bytes().data(), used_);
  memory_ = std::move(larger);
  return {};
}

inline Status TensorBuilder::Store(const void* bytes, std::size_t size) {
  if (used_ + size > memory_.bytes().size()) [[unlikely]]
    SLIPWAY_RETURN_IF_ERROR(Grow(std::max({kFirstBytes, 2 * used_, used_ + size})));
  if (size > 0) std::memcpy(memory_.bytes().data() + used_, bytes, size);
  used_ += size;
  return {};
}

Status TensorBuilder::Reserve(std::uint64_t elements, const JsonReader& reader) {
  if (dtype_ == DType::kString) return {};
  const auto left = static_cast<std::uint64_t>(reader.end() - reader.cursor());
  const std::uint64_t possible = std::min(elements, left / 2 + 1);
  return Grow(std::max<std::size_t>(possible * BytesOf(dtype_), 1));
}

Status TensorBuilder::FixRank(const JsonReader& reader, std::size_t rank) {
  if (is_rank_known_ && rank == rank_) return {};
  if (is_rank_known_)
    return reader.Invalid("values stand at different depths of the nesting", Below(rank));
  rank_ = rank;
  is_rank_known_ = true;
  return {};
}

Status TensorBuilder::Close(const JsonReader& reader, std::size_t level, std::int64_t count) {
  if (is_known_[level] && dims_[level] != count) {
    return reader
        .Invalid(fmt::format("lists of different lengths: {} elements here, {} in the first one",
                             count, dims_[level]),
                 Below(level))
        .With(errors::kTensorDataMismatch);
  }
  dims_[level] = count;
  is_known_[level] = true;
  return {};
}

template <class T>
std::span<T> TensorBuilder::Room() {
  return memory_.As<T>().subspan(used_ / sizeof(T));
}

/// Many numbers of a row at once; none for types that have no quick way.
template <class T>
DecimalRun TensorBuilder::AppendRun(const char* at, const char* end) {
  DecimalRun run{.after = at};
  if constexpr (std::is_floating_point_v<T>) run = ReadDecimals(at, end, Room<T>());
  used_ += run.elements * sizeof(T);
  return run;
}

/// Many short rows below `level` at once, if their length is known by now and there may be many.
template <class T>
DecimalRun TensorBuilder::AppendRows(const char* at, const char* end, std::size_t level) {
  DecimalRun run{.after = at};
  if (!is_rank_known_ || level + 2 != rank_) return run;
  const std::int64_t length = dims_[level + 1];
  const bool are_few = is_known_[level] && dims_[level] * length < kElementsBetweenRuns;
  if (are_few || length < 1 || length > kMaxShortRow) return run;
  if constexpr (std::is_floating_point_v<T>)
    run = ReadDecimalRows(at, end, static_cast<std::size_t>(length), Room<T>());
  used_ += run.elements * sizeof(T);
  elements_ += run.elements;
  return run;
}

template <class T>
Status TensorBuilder::AppendRow(JsonReader& reader, std::size_t level) {
  SLIPWAY_RETURN_IF_ERROR(FixRank(reader, level + 1));
  const char* const end = reader.end();
  const char* at = reader.cursor();
  const bool is_short = is_known_[level] && dims_[level] < kElementsBetweenRuns;
  std::int64_t next_run = is_short ? std::numeric_limits<std::int64_t>::max() : kElementsBeforeRun;
  std::int64_t count = 0;
  for (;; ++count) {
    if (count == next_run) {
      const DecimalRun run = AppendRun<T>(at, end);
      at = run.after;
      count += static_cast<std::int64_t>(run.elements);
      next_run = count + kElementsBetweenRuns;
    }
    at = SkipSpace(at, end);
    T value{};
    const char* const after = ReadElement(reader, at, value);
    if (after == nullptr) [[unlikely]] {
      reader.Advance(at);
      index_[level] = count;
      return WrongElement(reader);
    }
    SLIPWAY_RETURN_IF_ERROR(Store(&value, sizeof(T)));
    if (after < end && *after == ',') [[likely]] {
      at = after + 1;
      continue;
    }
    at = SkipSpace(after, end);
    if (at < end && *at == ',') {
      ++at;
      continue;
    }
    break;
  }
  reader.Advance(at);
  if (at >= end || *at != ']') return reader.NotJson("',' or ']' after an element");
  reader.Advance(at + 1);
  elements_ += static_cast<std::uint64_t>(count) + 1;
  if (elements_ > kMaxTensorElements)
    return reader.Invalid(fmt::format("more than {} elements", kMaxTensorElements));
  return Close(reader, level, count + 1);
}

template <class T>
Status TensorBuilder::AppendScalar(JsonReader& reader) {
  T value{};
  const char* const after = ReadElement(reader, reader.cursor(), value);
  if (after == nullptr) return WrongElement(reader);
  SLIPWAY_RETURN_IF_ERROR(Store(&value, sizeof(T)));
  ++elements_;
  reader.Advance(after);
  return {};
}

Status TensorBuilder::AppendString(JsonReader& reader) {
  std::string decoded;
  std::string_view text;
  if (rules_.base64 && reader.Peek() == JsonReader::Kind::kObject) {
    const std::size_t depth = reader.depth();
    Result<std::string> bytes = ReadBase64Object(reader);
    if (!bytes.ok()) {
      return InvalidArgument(bytes.status().message())
          .With(bytes.status().number())
          .At(reader.Pointer(depth) + Below(rank_));
    }
    decoded = std::move(*bytes);
    text = decoded;
  } else {
    if (reader.Peek() != JsonReader::Kind::kString) return WrongElement(reader);
    SLIPWAY_TRY(text, reader.ReadString());
  }
  if (++elements_ > kMaxStrings)
    return reader.Invalid(fmt::format("more than {} strings", kMaxStrings), Below(rank_));
  const auto length = static_cast<std::uint32_t>(text.size());
  SLIPWAY_RETURN_IF_ERROR(Store(&length, sizeof(length)));
  return Store(text.data(), text.size());
}

/// Strings are few and go one by one.
template <>
Status TensorBuilder::AppendScalar<std::string_view>(JsonReader& reader) {
  return AppendString(reader);
}

template <>
Status TensorBuilder::AppendRow<std::string_view>(JsonReader& reader, std::size_t level) {
  SLIPWAY_RETURN_IF_ERROR(FixRank(reader, level + 1));
  for (std::int64_t count = 0;; ++count) {
    index_[level] = count;
    SLIPWAY_RETURN_IF_ERROR(AppendString(reader));
    const char* const at = SkipSpace(reader.cursor(), reader.end());
    reader.Advance(at);
    if (at < reader.end() && *at == ',') {
      reader.Advance(at + 1);
      continue;
    }
    if (at >= reader.end() || *at != ']') return reader.NotJson("',' or ']' after an element");
    reader.Advance(at + 1);
    return Close(reader, level, count + 1);
  }
}

/// Precondition: the cursor stands on '['.
template <class T>
Status TensorBuilder::AppendLevel(JsonReader& reader, std::size_t level) {
  if (level >= Shape::kMaxRank || reader.depth() + level >= JsonReader::kMaxDepth) {
    return reader.Invalid(fmt::format("more than {} nested lists", Shape::kMaxRank));
  }
  const char* const end = reader.end();
  const char* at = SkipSpace(reader.cursor() + 1, end);
  reader.Advance(at);
  if (at < end && *at == ']') {
    reader.Advance(at + 1);
    SLIPWAY_RETURN_IF_ERROR(FixRank(reader, level + 1));
    return Close(reader, level, 0);
  }
  if (at < end && *at != '[') return AppendRow<T>(reader, level);
  std::int64_t next_run = 0;
  for (std::int64_t count = 0;; ++count) {
    if (count >= next_run && elements_ >= kElementsBeforeRun) {
      const DecimalRun run = AppendRows<T>(at, end, level);
      at = run.after;
      reader.Advance(at);
      if (run.elements > 0) count += static_cast<std::int64_t>(run.elements) / dims_[level + 1];
      next_run = count + kElementsBetweenRuns;
    }
    index_[level] = count;
    if (at >= end) return reader.NotJson("a list");
    if (*at != '[') return reader.Invalid("a value stands beside a list", Below(level + 1));
    SLIPWAY_RETURN_IF_ERROR(AppendLevel<T>(reader, level + 1));
    at = SkipSpace(reader.cursor(), end);
    reader.Advance(at);
    if (at < end && *at == ',') {
      at = SkipSpace(at + 1, end);
      reader.Advance(at);
      continue;
    }
    if (at >= end || *at != ']') return reader.NotJson("',' or ']' after a list");
    reader.Advance(at + 1);
    return Close(reader, level, count + 1);
  }
}

Status TensorBuilder::Append(JsonReader& reader) {
  const auto append = [&]<class T>(T) -> Status {
    if (reader.Peek() == JsonReader::Kind::kArray) return AppendLevel<T>(reader, 0);
    SLIPWAY_RETURN_IF_ERROR(FixRank(reader, 0));
    return AppendScalar<T>(reader);
  };
  switch (dtype_) {
    case DType::kF32:
      return append(float{});
    case DType::kF64:
      return append(double{});
    case DType::kF16:
      return append(Half{});
    case DType::kBF16:
      return append(BFloat{});
    case DType::kU8:
      return append(std::uint8_t{});
    case DType::kI8:
      return append(std::int8_t{});
    case DType::kU16:
      return append(std::uint16_t{});
    case DType::kI16:
      return append(std::int16_t{});
    case DType::kU32:
      return append(std::uint32_t{});
    case DType::kI32:
      return append(std::int32_t{});
    case DType::kU64:
      return append(std::uint64_t{});
    case DType::kI64:
      return append(std::int64_t{});
    case DType::kBool:
      return append(bool{});
    default:
      return append(std::string_view{});
  }
}

std::string TensorBuilder::Below(std::size_t level) const {
  std::string below;
  for (std::size_t i = 0; i < std::min(level, index_.size()); ++i)
    below += fmt::format("/{}", index_[i]);
  return below;
}

Shape TensorBuilder::row_shape() const { return Shape(std::span(dims_).first(rank_)); }

TensorView TensorBuilder::View(const Shape& shape) const {
  return {dtype_, shape, memory_.bytes().first(used_)};
}

}  // namespace slipway::serve
