#include "monitor/dashboard.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "base/json.h"
#include "monitor/metric_catalogue.h"

namespace slipway::monitor {
namespace {

/// Words that name metrics, without what a histogram's series have behind them.
std::set<std::string> MetricsIn(const std::string& text) {
  std::set<std::string> names;
  std::string word;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    if (word.ends_with("_bucket")) word.resize(word.size() - 7);
    if (word.starts_with("slipway_") || word.starts_with("process_")) names.insert(word);
    word.clear();
  }
  return names;
}

void ExpectKnown(const std::set<std::string>& names) {
  EXPECT_GT(names.size(), 5U);
  for (const std::string& name : names) {
    bool is_known = false;
    for (const MetricFamily& family : kMetricCatalogue) is_known = is_known || family.name == name;
    EXPECT_TRUE(is_known) << name;
  }
}

TEST(GrafanaDashboard, NamesMetricsThatExist) { ExpectKnown(MetricsIn(GrafanaDashboard())); }

TEST(GrafanaDashboard, HasPanelsThatDoNotCoverEachOther) {
  const Json dashboard = ParseJson(GrafanaDashboard()).value();
  std::set<std::pair<int, int>> places;
  for (const Json& panel : dashboard["panels"]) {
    EXPECT_FALSE(panel["targets"].empty());
    const Json& place = panel["gridPos"];
    EXPECT_LE(place["x"].get<int>() + place["w"].get<int>(), 24);
    EXPECT_TRUE(places.emplace(place["x"].get<int>(), place["y"].get<int>()).second);
  }
  EXPECT_GT(places.size(), 15U);
}

TEST(PrometheusRules, NameMetricsThatExist) { ExpectKnown(MetricsIn(PrometheusRules())); }

TEST(PrometheusRules, EveryAlertSaysWhatToDo) {
  const std::string rules = PrometheusRules();
  const auto count = [&](const std::string& word) {
    std::size_t found = 0;
    for (std::size_t at = rules.find(word); at != std::string::npos; at = rules.find(word, at + 1))
      ++found;
    return found;
  };
  EXPECT_GT(count("- alert: Slipway"), 10U);
  EXPECT_EQ(count("- alert: Slipway"), count("remedy: '"));
  EXPECT_EQ(count("- alert: Slipway"), count("expr: '"));
}

}  // namespace
}  // namespace slipway::monitor
