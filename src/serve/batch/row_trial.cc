#include "serve/batch/row_trial.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace slipway::serve {
namespace {

constexpr double kTolerance = 1e-4;
constexpr double kSmallest = 1e-6;

template <class T>
void Put(std::span<std::byte> row, std::size_t element, T value) {
  std::memcpy(row.data() + element * sizeof(T), &value, sizeof(T));
}

bool AreEqual(std::span<const double> one, std::span<const double> other) {
  double largest = 0;
  for (const double value : other) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  return std::ranges::equal(one, other, [&](double a, double b) {
    if (!std::isfinite(a) || !std::isfinite(b)) return std::isnan(a) ? std::isnan(b) : a == b;
    return std::abs(a - b) <= kTolerance * largest + kSmallest;
  });
}

}  // namespace

void FillRows(DType dtype, std::span<std::byte> rows, float magnitude, std::minstd_rand& random) {
  std::uniform_real_distribution<float> number(-magnitude, magnitude);
  const std::size_t unit = BytesOf(dtype);
  std::ranges::fill(rows, std::byte{0});
  for (std::size_t i = 0; i < rows.size() / unit; ++i) {
    switch (dtype) {
      case DType::kF32:
        Put(rows, i, number(random));
        break;
      case DType::kF64:
        Put(rows, i, static_cast<double>(number(random)));
        break;
      case DType::kF16:
        Put(rows, i, FloatToHalf(number(random)));
        break;
      case DType::kBF16:
        Put(rows, i, FloatToBFloat16(number(random)));
        break;
      default:
        rows[i * unit] = std::byte(random() & 1U);
    }
  }
}

Result<bool> RowsAgree(const TensorView& in_company, const TensorView& alone) {
  SLIPWAY_TRY(const std::vector<double> one, ToDoubles(in_company));
  SLIPWAY_TRY(const std::vector<double> other, ToDoubles(alone));
  return AreEqual(one, other);
}

}  // namespace slipway::serve
