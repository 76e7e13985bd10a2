#include "jobs/check_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string_view>
#include <utility>

namespace slipway::jobs {

namespace {

/// Integers that no look-up explains are more often flags and counts than anything else.
constexpr std::int64_t kUnknownIntegers = 2;

bool HasAnySize(const TensorSpec& spec) {
  const auto dims = spec.shape.dims();
  return std::find(dims.begin() + (dims.empty() ? 0 : 1), dims.end(), -1) != dims.end();
}

bool HasBatch(const Signature& signature) {
  return std::ranges::any_of(signature.inputs, [](const TensorSpec& spec) {
    return spec.shape.rank() > 0 && spec.shape[0] == -1;
  });
}

bool IsImageLike(const TensorSpec& spec) { return HasAnySize(spec) && spec.shape.rank() >= 4; }

Shape ShapeFor(const TensorSpec& spec, const CheckCase& check) {
  Shape shape = spec.shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 0) shape.SetDim(axis, axis == 0 ? check.batch : check.any_size);
  }
  return shape;
}

/// Exclusive upper bound of the integers of a case.
std::int64_t IntegerCount(DType dtype, std::int64_t id_count) {
  if (id_count > 0) return id_count;
  if (dtype == DType::kU8) return 256;  // pixels
  return dtype == DType::kI8 ? 128 : kUnknownIntegers;
}

class Numbers {
 public:
  Numbers(const CheckCase& check, std::int64_t count, std::uint64_t seed)
      : fill_(check.fill), count_(count), random_(seed) {}

  double NextFloat() {
    if (fill_ == Fill::kRandom) return static_cast<double>(random_() >> 40) * 0x1p-24;
    return fill_ == Fill::kLowest ? 0.0 : 1.0;
  }

  std::int64_t NextInteger() {
    switch (fill_) {
      case Fill::kRandom:
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(count_));
      case Fill::kLowest:
        return 0;
      case Fill::kOnes:
        return std::min<std::int64_t>(1, count_ - 1);
      case Fill::kHighest:
        return count_ - 1;
    }
    return 0;
  }

 private:
  Fill fill_;
  std::int64_t count_;
  std::mt19937_64 random_;
};

template <class T, class Next>
void FillAs(TensorBuffer& tensor, Next next) {
  for (T& element : tensor.As<T>()) element = static_cast<T>(next());
}

void FillIntegers(TensorBuffer& tensor, Numbers& numbers) {
  const auto next = [&] { return numbers.NextInteger(); };
  switch (BytesOf(tensor.dtype())) {
    case 1:
      return FillAs<std::uint8_t>(tensor, next);
    case 2:
      return FillAs<std::uint16_t>(tensor, next);
    case 4:
      return FillAs<std::uint32_t>(tensor, next);
    default:
      return FillAs<std::uint64_t>(tensor, next);
  }
}

void FillFloats(TensorBuffer& tensor, Numbers& numbers) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return FillAs<float>(tensor, [&] { return numbers.NextFloat(); });
    case DType::kF64:
      return FillAs<double>(tensor, [&] { return numbers.NextFloat(); });
    case DType::kF16:
      return FillAs<std::uint16_t>(
          tensor, [&] { return FloatToHalf(static_cast<float>(numbers.NextFloat())); });
    default:
      return FillAs<std::uint16_t>(
          tensor, [&] { return FloatToBFloat16(static_cast<float>(numbers.NextFloat())); });
  }
}

Result<TensorBuffer> MakeStrings(const Shape& shape) {
  const std::vector<std::string_view> texts(shape.ElementCount().value_or(0), "text");
  return TensorBuffer::FromStrings(shape, texts);
}

}  // namespace

std::vector<std::int64_t> AnySizeCandidates(const Signature& signature) {
  if (std::ranges::none_of(signature.inputs, HasAnySize)) return {1};
  if (std::ranges::any_of(signature.inputs, IsImageLike)) return {32, 64, 224, 299};
  return {8, 32, 128};
}

std::vector<CheckCase> PlanCheck(const Signature& signature, std::int64_t any_size) {
  const bool has_any_size = std::ranges::any_of(signature.inputs, HasAnySize);
  const bool has_images = std::ranges::any_of(signature.inputs, IsImageLike);
  const bool has_integers = std::ranges::any_of(
      signature.inputs, [](const TensorSpec& spec) { return IsInteger(spec.dtype); });
  std::vector<CheckCase> cases{{"random numbers", Fill::kRandom, 1, any_size}};
  if (HasBatch(signature)) cases.push_back({"random numbers, batch 3", Fill::kRandom, 3, any_size});
  cases.push_back({"zeros", Fill::kLowest, 1, any_size});
  cases.push_back({"ones", Fill::kOnes, 1, any_size});
  if (has_integers) cases.push_back({"the largest values", Fill::kHighest, 1, any_size});
  if (has_any_size) {
    const std::int64_t odd = any_size % 2 == 0 ? any_size - 1 : any_size + 1;
    cases.push_back({fmt::format("sizes of {}", odd), Fill::kRandom, 1, odd, false});
    if (!has_images) cases.push_back({"length 1", Fill::kRandom, 1, 1, false});
  }
  return cases;
}

Result<TensorBuffer> MakeCheckInput(const TensorSpec& spec, const CheckCase& check,
                                    std::int64_t id_count, std::uint64_t seed) {
  const Shape shape = ShapeFor(spec, check);
  if (spec.dtype == DType::kString) return MakeStrings(shape);
  SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec.dtype, shape));
  Numbers numbers(check, IntegerCount(spec.dtype, id_count), seed);
  if (IsFloatingPoint(spec.dtype) && id_count == 0) {
    FillFloats(tensor, numbers);
  } else if (spec.dtype == DType::kF32) {
    // Keras declares the input of an embedding as float; the numbers are ids all the same.
    FillAs<float>(tensor, [&] { return numbers.NextInteger(); });
  } else if (IsInteger(spec.dtype) || spec.dtype == DType::kBool) {
    FillIntegers(tensor, numbers);
  } else {
    FillFloats(tensor, numbers);
  }
  return tensor;
}

}  // namespace slipway::jobs
