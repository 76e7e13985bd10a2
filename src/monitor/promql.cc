#include "monitor/promql.h"

#include <fmt/format.h>

namespace slipway::monitor {
namespace {

std::string Sum(std::string_view by) {
  return by.empty() ? std::string("sum") : fmt::format("sum by ({})", by);
}

std::string Selector(std::string_view selector) {
  return selector.empty() ? std::string() : fmt::format("{{{}}}", selector);
}

}  // namespace

std::string RateOf(const MetricFamily& counter, std::string_view by, std::string_view window,
                   std::string_view selector) {
  return fmt::format("{}(rate({}{}[{}]))", Sum(by), counter.name, Selector(selector), window);
}

std::string QuantileOf(const MetricFamily& histogram, std::string_view quantile,
                       std::string_view by, std::string_view window) {
  return fmt::format("histogram_quantile({}, {}(rate({}_bucket[{}])))", quantile,
                     Sum(by.empty() ? "le" : fmt::format("le, {}", by)), histogram.name, window);
}

std::string SumOf(const MetricFamily& gauge, std::string_view by) {
  return fmt::format("{}({})", Sum(by), gauge.name);
}

}  // namespace slipway::monitor
