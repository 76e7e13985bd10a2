#include "cli/server_figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostLabels = 8;
constexpr std::size_t kMostModels = 10'000;
constexpr std::size_t kMostTextBytes = 200;

struct Sample {
  std::string_view name;
  std::array<std::pair<std::string_view, std::string_view>, kMostLabels> labels;
  std::size_t label_count = 0;
  double value = 0;

  std::string Label(std::string_view key) const {
    for (std::size_t i = 0; i < label_count; ++i) {
      if (labels[i].first == key) return Printable(labels[i].second, kMostTextBytes);
    }
    return "";
  }
};

/// `text` begins behind '{'; what is left begins behind '}'. False: not labels.
bool ReadLabels(std::string_view& text, Sample& sample) {
  while (!text.empty() && text.front() != '}') {
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos || sample.label_count == kMostLabels) return false;
    std::size_t end = equals + 2;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) return false;
    sample.labels[sample.label_count++] = {text.substr(0, equals),
                                           text.substr(equals + 2, end - equals - 2)};
    text.remove_prefix(end + 1);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

bool ReadSample(std::string_view line, Sample& sample) {
  const std::size_t end = std::min(line.find_first_of("{ "), line.size());
  sample.name = line.substr(0, end);
  line.remove_prefix(end);
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    if (!ReadLabels(line, sample)) return false;
  }
  const auto value = ParseDouble(Trim(line));
  if (!value || !std::isfinite(*value)) return false;
  sample.value = *value;
  return true;
}

class Reader {
 public:
  void Take(const Sample& sample) {
    for (const auto& [name, field] : kScalars) {
      if (sample.name == name) figures.*field = sample.value;
    }
    if (sample.name == "slipway_build_info") {
      figures.version = sample.Label("version");
      figures.engine = sample.Label("engine");
    }
    if (sample.name == "slipway_requests_total") TakeRequests(sample);
    if (sample.name == "slipway_rejected_total") figures.rejected += sample.value;
    TakeOfModel(sample);
  }

  ServerFigures figures;

 private:
  using Scalar = std::pair<std::string_view, double ServerFigures::*>;
  static constexpr std::array<Scalar, 6> kScalars = {
      {{"slipway_inflight_requests", &ServerFigures::in_flight},
       {"slipway_connections", &ServerFigures::connections},
       {"process_resident_memory_bytes", &ServerFigures::memory_bytes},
       {"process_cpu_seconds_total", &ServerFigures::cpu_seconds},
       {"process_threads", &ServerFigures::threads},
       {"process_start_time_seconds", &ServerFigures::start_unix_seconds}}};
  using OfModel = std::pair<std::string_view, double ModelFigures::*>;
  static constexpr std::array<OfModel, 4> kOfModel = {
      {{"slipway_model_memory_bytes", &ModelFigures::memory_bytes},
       {"slipway_model_rows_total", &ModelFigures::rows},
       {"slipway_model_runs_total", &ModelFigures::runs},
       {"slipway_queue_requests", &ModelFigures::waiting}}};

  void TakeRequests(const Sample& sample) {
    figures.requests += sample.value;
    const std::string code = sample.Label("code");
    if (code.size() == 3 && code[0] == '5') figures.server_errors += sample.value;
  }

  void TakeOfModel(const Sample& sample) {
    if (!sample.name.starts_with("slipway_model_") && !sample.name.starts_with("slipway_queue_"))
      return;
    ModelFigures* const model = ModelOf(sample);
    if (model == nullptr) return;
    for (const auto& [name, field] : kOfModel) {
      if (sample.name == name) model->*field = sample.value;
    }
    if (sample.name == "slipway_model_state") model->state = sample.Label("state");
    if (sample.name == "slipway_model_requests_total")
      (sample.Label("outcome") == "ok" ? model->succeeded : model->failed) += sample.value;
    if (sample.name == "slipway_model_request_seconds_bucket") TakeBucket(sample, *model);
  }

  static void TakeBucket(const Sample& sample, ModelFigures& model) {
    const std::string bound = sample.Label("le");
    const auto seconds =
        bound == "+Inf" ? std::numeric_limits<double>::infinity() : ParseDouble(bound).value_or(-1);
    const bool ascends =
        model.upper_bounds.empty() ? seconds >= 0 : seconds > model.upper_bounds.back();
    if (!ascends || model.upper_bounds.size() >= 100) return;
    model.upper_bounds.push_back(seconds);
    model.answered.push_back(sample.value);
  }

  ModelFigures* ModelOf(const Sample& sample) {
    std::string name = sample.Label("model");
    std::string version = sample.Label("version");
    if (name.empty()) return nullptr;
    // Samples of one version are often neighbours.
    const auto found = std::ranges::find_if(figures.models, [&](const ModelFigures& model) {
      return model.name == name && model.version == version;
    });
    if (found != figures.models.end()) return &*found;
    if (figures.models.size() == kMostModels) return nullptr;
    figures.models.push_back({.name = std::move(name), .version = std::move(version)});
    return &figures.models.back();
  }
};

/// Of the `total` answers between two looks, within which time `share` were given.
double Quantile(const ModelFigures& before, const ModelFigures& after, double total, double share) {
  double below = 0;
  double lower = 0;
  for (std::size_t i = 0; i < after.upper_bounds.size(); ++i) {
    const double old = i < before.answered.size() ? before.answered[i] : 0;
    const double within = after.answered[i] - old;
    const double upper = after.upper_bounds[i];
    if (within >= share * total) {
      if (!std::isfinite(upper) || within <= below) return lower;
      return lower + (upper - lower) * (share * total - below) / (within - below);
    }
    below = within;
    lower = std::isfinite(upper) ? upper : lower;
  }
  return lower;
}

}  // namespace

Result<ServerFigures> ParseServerFigures(std::string_view text) {
  Reader reader;
  for (const std::string_view line : Split(text, '\n')) {
    Sample sample;
    if (!line.empty() && line.front() != '#' && ReadSample(line, sample)) reader.Take(sample);
  }
  if (reader.figures.version.empty())
    return DataLoss("the server's /metrics is not that of a slipway server")
        .Hint("is it the address of a slipway server? name one with --host URL");
  return std::move(reader.figures);
}

ModelRates RatesBetween(const ModelFigures& before, const ModelFigures& after, double seconds) {
  const bool began_anew = after.succeeded < before.succeeded || after.failed < before.failed;
  const ModelFigures from = began_anew ? ModelFigures{} : before;
  ModelRates rates{.per_second = (after.succeeded - from.succeeded) / seconds,
                   .failed_per_second = (after.failed - from.failed) / seconds};
  if (after.runs > from.runs)
    rates.batch_rows = (after.rows - from.rows) / (after.runs - from.runs);
  if (after.answered.empty()) return rates;
  const double total = after.answered.back() - (from.answered.empty() ? 0 : from.answered.back());
  if (total <= 0) return rates;
  rates.median_seconds = Quantile(from, after, total, 0.5);
  rates.p99_seconds = Quantile(from, after, total, 0.99);
  return rates;
}

}  // namespace slipway::cli
