#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway::cli {

/// A value with the interval that holds it with 95 % confidence.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Wilson's score interval for a proportion (E. B. Wilson, "Probable inference, the law of
/// succession, and statistical inference", JASA 22, 1927): sound for small counts and near 0 and 1.
/// Precondition: total > 0.
Estimate ProportionInterval(std::uint64_t hits, std::uint64_t total);

/// Mean with the normal interval, value +- 1.96 s / sqrt(n). Precondition: not empty.
Estimate MeanInterval(const std::vector<double>& values);

/// How much larger `values` are than `others` on average, row by row: both stand for the same rows.
/// The mean of the differences with its normal interval; of hits and misses that is Wald's interval
/// for the difference of paired proportions (A. Agresti, "Categorical Data Analysis", 3rd edition,
/// 11.1.1). Precondition: of one length, not empty.
Estimate PairedInterval(const std::vector<double>& values, const std::vector<double>& others);

/// One metric over a labelled set: rows are added as they are predicted.
class Metric {
 public:
  /// "accuracy", "top5", "mae", "mse", "rmse". InvalidArgument (kUsage) with the list otherwise.
  static Result<Metric> Named(std::string_view name);

  /// Predictions of some rows ([rows, classes], or [rows] and [rows, 1] for a binary score or a
  /// regression) and their labels as class numbers, one-hot rows or target values. InvalidArgument:
  /// they do not fit together.
  Status Add(const TensorView& predictions, const TensorView& labels);

  Estimate Estimated() const;
  std::string_view name() const { return name_; }
  /// A value of this metric for people: "98.85 %", or "0.0312" for an error.
  std::string Text(double value) const;
  /// One a row: 1 or 0 for a hit or miss, or the error.
  const std::vector<double>& scores() const { return scores_; }
  std::uint64_t rows() const { return scores_.size(); }
  /// How a row is judged, where the shape leaves a choice: "one score a row: above 0.5 is class 1".
  /// May be empty.
  const std::string& remark() const { return remark_; }

 private:
  explicit Metric(std::string name) : name_(std::move(name)) {}
  double Score(const double* prediction, std::size_t width, const double* label,
               std::size_t label_width);

  std::string name_;
  std::string remark_;
  std::vector<double> scores_;
};

}  // namespace slipway::cli
