#include "serve/grpc/typed_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/wire_reader.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::array<TypedField, 8> kFields = {{{1, "bool_contents", WireType::kVarint},
                                                {2, "int_contents", WireType::kVarint},
                                                {3, "int64_contents", WireType::kVarint},
                                                {4, "uint_contents", WireType::kVarint},
                                                {5, "uint64_contents", WireType::kVarint},
                                                {6, "fp32_contents", WireType::kFixed32},
                                                {7, "fp64_contents", WireType::kFixed64},
                                                {8, "bytes_contents", WireType::kBytes}}};

const TypedField* FieldOf(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return &kFields[0];
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
      return &kFields[1];
    case DType::kI64:
      return &kFields[2];
    case DType::kU8:
    case DType::kU16:
    case DType::kU32:
      return &kFields[3];
    case DType::kU64:
      return &kFields[4];
    case DType::kF32:
      return &kFields[5];
    case DType::kF64:
      return &kFields[6];
    case DType::kString:
      return &kFields[7];
    default:
      return nullptr;
  }
}

constexpr TypedLayout kInferContents{.holder = 5,  // InferInputTensor.contents
                                     .fields = kFields,
                                     .field_of = FieldOf,
                                     .otherwise = "raw_input_contents only"};

/// Where the values are while they are read.
struct Place {
  const TypedLayout& layout;
  std::span<const std::byte> message;
};

/// Calls `visit(field)` for the fields of every holder.
template <class Visit>
Status ForEachValue(const Place& place, const Visit& visit) {
  if (place.layout.holder == 0) return ForEachField(place.message, visit);
  return ForEachField(place.message, [&](const WireField& outer) -> Status {
    if (outer.number != place.layout.holder) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(outer, WireType::kBytes));
    return ForEachField(outer.bytes, visit);
  });
}

std::size_t BytesOfElement(WireType type) { return type == WireType::kFixed64 ? 8 : 4; }

/// How many elements a field holds: one, or a packed run. nullopt: it is not encoded so.
std::optional<std::uint64_t> CountIn(const WireField& field, WireType element) {
  if (field.type == element) return 1;
  if (field.type != WireType::kBytes) return std::nullopt;
  if (element == WireType::kVarint) {
    // Every varint ends in one byte without the high bit.
    return static_cast<std::uint64_t>(std::ranges::count_if(
        field.bytes, [](std::byte byte) { return static_cast<std::uint8_t>(byte) < 0x80U; }));
  }
  const std::size_t size = BytesOfElement(element);
  if (field.bytes.size() % size != 0) return std::nullopt;
  return field.bytes.size() / size;
}

struct Tally {
  std::uint64_t elements = 0;
  std::size_t runs = 0;
  WireField last;
};

Result<Tally> Count(const Place& place, DType dtype, const TypedField& wanted) {
  Tally tally;
  SLIPWAY_RETURN_IF_ERROR(ForEachValue(place, [&](const WireField& field) -> Status {
    if (field.number != wanted.number) {
      const auto found = std::ranges::find(place.layout.fields, field.number, &TypedField::number);
      if (found == place.layout.fields.end()) return {};
      const bool is_empty = field.type == WireType::kBytes && field.bytes.empty();
      if (is_empty && found->element != WireType::kBytes) return {};
      return FieldInvalid(fmt::format("{} takes its values in {}, got {}", OipName(dtype),
                                      wanted.name, found->name));
    }
    const std::optional<std::uint64_t> count = CountIn(field, wanted.element);
    if (!count.has_value()) return FieldInvalid(fmt::format("{} is broken", wanted.name));
    tally.elements += *count;
    ++tally.runs;
    tally.last = field;
    return {};
  }));
  return tally;
}

Status OutOfType(std::size_t index, DType dtype) {
  return FieldInvalid(fmt::format("element {} does not fit into {}", index, OipName(dtype)));
}

/// Reads varints into T. `Wide` is the C++ type of the field's values.
template <class T, class Wide>
class VarintSink {
 public:
  VarintSink(DType dtype, std::span<T> room) : dtype_(dtype), room_(room) {}

  Status Take(const WireField& field) {
    if (field.type == WireType::kVarint) return Put(field.scalar);
    PackedVarints run(field.bytes);
    for (std::uint64_t value = 0; run.Next(value);) SLIPWAY_RETURN_IF_ERROR(Put(value));
    return run.broken() ? BrokenMessage(WireFault::kCutShort) : Status();
  }

 private:
  Status Put(std::uint64_t value) {
    if (next_ == room_.size()) return BrokenMessage(WireFault::kNotAMessage);
    if (dtype_ == DType::kBool) value = value != 0 ? 1 : 0;
    const auto wide = static_cast<Wide>(value);
    if (!std::in_range<T>(wide)) return OutOfType(next_, dtype_);
    room_[next_++] = static_cast<T>(wide);
    return {};
  }

  DType dtype_;
  std::span<T> room_;
  std::size_t next_ = 0;
};

template <class T, class Wide>
Status FillVarints(const Place& place, std::uint32_t number, TensorBuffer& tensor) {
  VarintSink<T, Wide> sink(tensor.dtype(), tensor.As<T>());
  return ForEachValue(place, [&](const WireField& field) -> Status {
    return field.number == number ? sink.Take(field) : Status();
  });
}

Status FillFixed(const Place& place, const TypedField& wanted, TensorBuffer& tensor) {
  std::span<std::byte> room = tensor.bytes();
  return ForEachValue(place, [&](const WireField& field) -> Status {
    if (field.number != wanted.number) return {};
    const bool is_run = field.type == WireType::kBytes;
    const std::size_t size = is_run ? field.bytes.size() : BytesOfElement(wanted.element);
    if (size > room.size()) return BrokenMessage(WireFault::kNotAMessage);
    if (size > 0)
      std::memcpy(room.data(),
                  is_run ? static_cast<const void*>(field.bytes.data()) : &field.scalar, size);
    room = room.subspan(size);
    return {};
  });
}

Status Fill(const Place& place, const TypedField& wanted, TensorBuffer& tensor) {
  switch (tensor.dtype()) {
    case DType::kBool:
    case DType::kU8:
      return FillVarints<std::uint8_t, std::uint32_t>(place, wanted.number, tensor);
    case DType::kU16:
    case DType::kF16:
    case DType::kBF16:
      return FillVarints<std::uint16_t, std::uint32_t>(place, wanted.number, tensor);
    case DType::kU32:
      return FillVarints<std::uint32_t, std::uint32_t>(place, wanted.number, tensor);
    case DType::kU64:
      return FillVarints<std::uint64_t, std::uint64_t>(place, wanted.number, tensor);
    case DType::kI8:
      return FillVarints<std::int8_t, std::int32_t>(place, wanted.number, tensor);
    case DType::kI16:
      return FillVarints<std::int16_t, std::int32_t>(place, wanted.number, tensor);
    case DType::kI32:
      return FillVarints<std::int32_t, std::int32_t>(place, wanted.number, tensor);
    case DType::kI64:
      return FillVarints<std::int64_t, std::int64_t>(place, wanted.number, tensor);
    default:
      return FillFixed(place, wanted, tensor);
  }
}

Result<TensorBuffer> PackStrings(const Place& place, const TypedField& wanted, const Shape& shape,
                                 std::uint64_t count) {
  if (count > kMaxStrings) return FieldInvalid(fmt::format("more than {} strings", kMaxStrings));
  std::vector<std::string_view> strings;
  strings.reserve(count);
  SLIPWAY_RETURN_IF_ERROR(ForEachValue(place, [&](const WireField& field) -> Status {
    if (field.number == wanted.number) strings.push_back(field.text());
    return {};
  }));
  const std::string_view last = strings.empty() ? std::string_view() : strings.back();
  if (last.size() * (count - strings.size()) > place.layout.repeat_bytes)
    return FieldInvalid("a string is repeated too often");
  strings.resize(count, last);
  return TensorBuffer::FromStrings(shape, strings);
}

/// The elements behind the first `count` become the last of these; zero if there is none.
void Repeat(std::uint64_t count, TensorBuffer& tensor) {
  const std::span<std::byte> bytes = tensor.bytes();
  const std::size_t size = BytesOf(tensor.dtype());
  if (count == 0) return (void)std::ranges::fill(bytes, std::byte{0});
  const std::span<const std::byte> last = bytes.subspan((count - 1) * size, size);
  for (std::size_t at = count * size; at < bytes.size(); at += size)
    std::ranges::copy(last, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

Status CheckCount(const TypedLayout& layout, const TypedField& wanted, const Shape& shape,
                  std::uint64_t values, std::uint64_t elements) {
  if (values == elements || (values < elements && layout.repeat_bytes > 0)) return {};
  return InvalidArgument(fmt::format("shape {} has {} elements, {} has {}", shape.ToString(),
                                     elements, wanted.name, values))
      .With(errors::kTensorDataMismatch);
}

}  // namespace

Result<TensorView> ReadTyped(const TypedLayout& layout, std::span<const std::byte> message,
                             DType dtype, const Shape& shape, std::list<TensorBuffer>& memory) {
  const TypedField* const wanted = layout.field_of(dtype);
  if (wanted == nullptr)
    return FieldInvalid(fmt::format("{} travels in {}", OipName(dtype), layout.otherwise));
  const Place place{layout, message};
  SLIPWAY_TRY(const Tally tally, Count(place, dtype, *wanted));
  SLIPWAY_TRY(const std::uint64_t elements, CountElements(shape));
  SLIPWAY_RETURN_IF_ERROR(CheckCount(layout, *wanted, shape, tally.elements, elements));
  if (dtype == DType::kString) {
    SLIPWAY_TRY(TensorBuffer packed, PackStrings(place, *wanted, shape, elements));
    return memory.emplace_back(std::move(packed)).view();
  }
  const bool is_whole = wanted->element != WireType::kVarint && tally.runs == 1 &&
                        tally.elements == elements && tally.last.type == WireType::kBytes;
  if (is_whole) return Aligned({dtype, shape, tally.last.bytes}, memory);
  if (tally.elements < elements && elements * BytesOf(dtype) > layout.repeat_bytes) {
    return InvalidArgument(fmt::format("one value stands for {} bytes, the limit is {}",
                                       elements * BytesOf(dtype), layout.repeat_bytes))
        .With(errors::kBodyTooLarge);
  }
  SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(dtype, shape));
  SLIPWAY_RETURN_IF_ERROR(Fill(place, *wanted, tensor));
  if (tally.elements < elements) Repeat(tally.elements, tensor);
  return memory.emplace_back(std::move(tensor)).view();
}

Result<TensorView> ReadContents(std::span<const std::byte> input, DType dtype, const Shape& shape,
                                std::list<TensorBuffer>& memory) {
  return ReadTyped(kInferContents, input, dtype, shape, memory);
}

}  // namespace slipway::serve::grpc
