#include "cli/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::cli {

namespace {

constexpr double kZ95 =
    1.959963984540054;  // the 97.5 % quantile of the standard normal distribution

bool IsProportion(std::string_view name) { return name == "accuracy" || name == "top5"; }

std::size_t ClassOf(const double* label, std::size_t width) {
  if (width == 1) return static_cast<std::size_t>(std::llround(std::max(0.0, *label)));
  return static_cast<std::size_t>(std::max_element(label, label + width) - label);
}

bool AmongTop(const double* scores, std::size_t width, std::size_t wanted, std::size_t k) {
  if (wanted >= width) return false;
  const auto better =
      std::count_if(scores, scores + width, [&](double score) { return score > scores[wanted]; });
  return static_cast<std::size_t>(better) < k;
}

}  // namespace

Estimate ProportionInterval(std::uint64_t hits, std::uint64_t total) {
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(hits) / n;
  const double z2 = kZ95 * kZ95;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ95 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {p, std::max(0.0, center - half), std::min(1.0, center + half)};
}

Estimate MeanInterval(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = n > 1 ? kZ95 * std::sqrt(squares / (n - 1) / n) : 0;
  return {mean, mean - half, mean + half};
}

Estimate PairedInterval(const std::vector<double>& values, const std::vector<double>& others) {
  std::vector<double> differences(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) differences[i] = values[i] - others[i];
  return MeanInterval(differences);
}

Result<Metric> Metric::Named(std::string_view name) {
  static constexpr std::string_view kNames[] = {"accuracy", "top5", "mae", "mse", "rmse"};
  if (std::ranges::find(kNames, name) != std::end(kNames)) return Metric(std::string(name));
  return InvalidArgument(
             fmt::format("no metric \"{}\": accuracy, top5, mae, mse or rmse", Printable(name, 64)))
      .With(errors::kUsage);
}

double Metric::Score(const double* prediction, std::size_t width, const double* label,
                     std::size_t label_width) {
  if (IsProportion(name_)) {
    const std::size_t wanted = ClassOf(label, label_width);
    if (width == 1) {
      remark_ = "one score a row: above 0.5 is class 1";
      return (*prediction > 0.5 ? 1U : 0U) == wanted ? 1 : 0;
    }
    return AmongTop(prediction, width, wanted, name_ == "top5" ? 5 : 1) ? 1 : 0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const double difference = prediction[i] - label[i];
    sum += name_ == "mae" ? std::abs(difference) : difference * difference;
  }
  return sum / static_cast<double>(width);
}

Status Metric::Add(const TensorView& predictions, const TensorView& labels) {
  SLIPWAY_TRY(const std::vector<double> predicted, ToDoubles(predictions));
  SLIPWAY_TRY(const std::vector<double> wanted, ToDoubles(labels));
  const std::size_t rows = labels.shape.rank() == 0 ? 0 : static_cast<std::size_t>(labels.shape[0]);
  const bool whole = rows > 0 && predicted.size() % rows == 0 && wanted.size() % rows == 0;
  const std::size_t width = whole ? predicted.size() / rows : 0;
  const std::size_t label_width = whole ? wanted.size() / rows : 0;
  const bool fits = whole && (label_width == width || (IsProportion(name_) && label_width == 1));
  if (!fits) {
    return InvalidArgument(
        fmt::format("{} cannot compare outputs of shape {} with labels of shape {}", name_,
                    predictions.shape.ToString(), labels.shape.ToString()));
  }
  for (std::size_t row = 0; row < rows; ++row) {
    scores_.push_back(
        Score(&predicted[row * width], width, &wanted[row * label_width], label_width));
  }
  return {};
}

std::string Metric::Text(double value) const {
  return IsProportion(name_) ? fmt::format("{:.2f} %", value * 100) : fmt::format("{:.4g}", value);
}

Estimate Metric::Estimated() const {
  if (IsProportion(name_)) {
    return ProportionInterval(
        static_cast<std::uint64_t>(std::accumulate(scores_.begin(), scores_.end(), 0.0)),
        scores_.size());
  }
  const Estimate mean = MeanInterval(scores_);
  if (name_ != "rmse") return mean;
  return {std::sqrt(mean.value), std::sqrt(std::max(0.0, mean.low)), std::sqrt(mean.high)};
}

}  // namespace slipway::cli
