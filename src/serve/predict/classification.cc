#include "serve/predict/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

/// Indices of the highest values, highest first; equal ones in their order, NaN last.
std::vector<std::size_t> Highest(std::span<const double> values, std::size_t count) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_higher = [&](std::size_t a, std::size_t b) {
    const bool a_is_nan = values[a] != values[a];
    const bool b_is_nan = values[b] != values[b];
    if (a_is_nan || b_is_nan) return a_is_nan == b_is_nan ? a < b : b_is_nan;
    return values[a] == values[b] ? a < b : values[a] > values[b];
  };
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), middle, order.end(), is_higher);
  order.resize(count);
  return order;
}

std::string ClassText(double value, std::size_t index, DType dtype,
                      const std::vector<std::string>* labels) {
  std::string text = IsFloatingPoint(dtype) ? fmt::format("{:f}:{}", value, index)
                                            : fmt::format("{:.0f}:{}", value, index);
  if (labels != nullptr && index < labels->size()) text.append(":").append((*labels)[index]);
  return text;
}

}  // namespace

const std::vector<std::string>* LabelsOf(const ServedModel& model, const std::string& output) {
  const auto found = model->labels.find(output);
  return found == model->labels.end() ? nullptr : &found->second;
}

Result<TensorBuffer> Classify(const TensorSpec& spec, const TensorView& scores,
                              std::uint32_t classes, const std::vector<std::string>* labels) {
  if (scores.shape.rank() == 0 || scores.dtype == DType::kString) {
    return InvalidArgument(
               fmt::format("output \"{}\" has no classes: {}", spec.name, ToString(spec)))
        .With(errors::kRequestFieldInvalid);
  }
  SLIPWAY_TRY(const std::vector<double> values, ToDoubles(scores));
  const bool has_rows = scores.shape.rank() > 1;
  const std::size_t rows = has_rows ? static_cast<std::size_t>(scores.shape[0]) : 1;
  const std::size_t columns = rows == 0 ? 0 : values.size() / rows;
  const std::size_t count = std::min<std::size_t>(classes, columns);
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto of_row = std::span(values).subspan(row * columns, columns);
    for (const std::size_t index : Highest(of_row, count))
      texts.push_back(ClassText(of_row[index], index, scores.dtype, labels));
  }
  const auto count_dim = static_cast<std::int64_t>(count);
  const Shape shape = has_rows ? Shape({scores.shape[0], count_dim}) : Shape({count_dim});
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return TensorBuffer::FromStrings(shape, views);
}

}  // namespace slipway::serve
