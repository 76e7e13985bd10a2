#pragma once

#include <string>
#include <string_view>

#include "monitor/metric_catalogue.h"

namespace slipway::monitor {

/// How much a counter grew a second, summed up by `by` ("model, version"; empty: in all).
std::string RateOf(const MetricFamily& counter, std::string_view by, std::string_view window,
                   std::string_view selector = "");

/// A quantile of a histogram, by `by`.
std::string QuantileOf(const MetricFamily& histogram, std::string_view quantile,
                       std::string_view by, std::string_view window);

/// A gauge, summed up by `by`.
std::string SumOf(const MetricFamily& gauge, std::string_view by);

}  // namespace slipway::monitor
