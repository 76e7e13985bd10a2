#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::monitor {

using Label = std::pair<std::string_view, std::string_view>;

/// A histogram at one moment: counts per bucket (not cumulative), the last one beyond all bounds.
struct HistogramView {
  std::span<const double> upper_bounds;   ///< ascending, in the family's unit
  std::span<const std::uint64_t> counts;  ///< one more than upper_bounds
  double sum = 0;
};

/// Writes the Prometheus text format, version 0.0.4. Families must not be mixed: Family() first,
/// then all its samples. Label values are escaped. Not thread-safe.
class PrometheusText {
 public:
  enum class Type { kCounter, kGauge, kHistogram };
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  void Family(std::string_view name, Type type, std::string_view help);
  /// One of a MetricFamily.
  template <class Row>
  void Family(const Row& row) {
    Family(row.name, row.type, row.help);
  }
  void Sample(std::span<const Label> labels, double value);
  void Sample(std::initializer_list<Label> labels, double value) {
    Sample(std::span(labels.begin(), labels.size()), value);
  }
  /// Cumulative buckets, _sum and _count.
  void Histogram(std::span<const Label> labels, const HistogramView& histogram);
  void Histogram(std::initializer_list<Label> labels, const HistogramView& histogram) {
    Histogram(std::span(labels.begin(), labels.size()), histogram);
  }

  std::string Take() && { return std::move(text_); }

 private:
  void Line(std::string_view suffix, std::span<const Label> labels, std::string_view upper_bound,
            double value);

  std::string text_;
  std::string family_;
};

}  // namespace slipway::monitor
