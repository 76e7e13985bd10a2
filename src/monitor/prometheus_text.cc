#include "monitor/prometheus_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace slipway::monitor {
namespace {

std::string_view TypeName(PrometheusText::Type type) {
  switch (type) {
    case PrometheusText::Type::kCounter:
      return "counter";
    case PrometheusText::Type::kGauge:
      return "gauge";
    case PrometheusText::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

void AppendEscaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

void PrometheusText::Family(std::string_view name, Type type, std::string_view help) {
  family_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 TypeName(type));
}

void PrometheusText::Sample(std::span<const Label> labels, double value) {
  Line("", labels, "", value);
}

void PrometheusText::Histogram(std::span<const Label> labels, const HistogramView& histogram) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    cumulative += histogram.counts[i];
    const bool is_last = i >= histogram.upper_bounds.size();
    Line("_bucket", labels, is_last ? "+Inf" : Number(histogram.upper_bounds[i]),
         static_cast<double>(cumulative));
  }
  Line("_sum", labels, "", histogram.sum);
  Line("_count", labels, "", static_cast<double>(cumulative));
}

void PrometheusText::Line(std::string_view suffix, std::span<const Label> labels,
                          std::string_view upper_bound, double value) {
  text_ += family_;
  text_ += suffix;
  char separator = '{';
  const auto append = [&](std::string_view name, std::string_view label_value) {
    text_ += separator;
    separator = ',';
    text_ += name;
    text_ += "=\"";
    AppendEscaped(text_, label_value);
    text_ += '"';
  };
  for (const auto& [name, label_value] : labels) append(name, label_value);
  if (!upper_bound.empty()) append("le", upper_bound);
  if (separator == ',') text_ += '}';
  text_ += ' ';
  text_ += Number(value);
  text_ += '\n';
}

}  // namespace slipway::monitor
