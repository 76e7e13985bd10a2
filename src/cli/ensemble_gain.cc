#include "cli/ensemble_gain.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::cli {

namespace {

using jobs::EnsembleExecutable;

bool ReadsInputsAlone(const EnsembleExecutable& ensemble, std::size_t step) {
  return std::ranges::all_of(ensemble.reads(step), [&](std::size_t tensor) {
    return tensor < ensemble.signature().inputs.size();
  });
}

std::string TitleOf(const package::EnsembleStep& step) {
  return step.version ? fmt::format("{}:{}", step.model, *step.version) : step.model;
}

/// Whether the labels can be compared with what the member gives is known after its first batch:
/// nullopt where not.
Result<std::optional<Metric>> JudgeMember(const EnsembleExecutable& ensemble, std::size_t step,
                                          const LabelledSet& set, const Metric& judged,
                                          std::int64_t batch) {
  const engine::Executable& model = ensemble.step(step);
  const std::string& output = ensemble.ensemble().steps[step].output_map.begin()->first;
  const auto wanted = static_cast<std::size_t>(model.signature().FindOutput(output) -
                                               model.signature().outputs.data());
  SLIPWAY_TRY(Metric metric, Metric::Named(judged.name()));
  for (std::int64_t begin = 0; begin < set.rows; begin += batch) {
    const std::int64_t end = std::min(set.rows, begin + batch);
    const std::vector<TensorView> rows = RowsOf(set.inputs, begin, end);
    std::vector<TensorView> inputs;
    for (const std::size_t tensor : ensemble.reads(step)) inputs.push_back(rows[tensor]);
    std::vector<TensorBuffer> outputs(1);
    SLIPWAY_RETURN_IF_ERROR(model.Run(inputs, {&wanted, 1}, outputs));
    if (!metric.Add(outputs[0].view(), RowsOf({&set.labels, 1}, begin, end)[0]).ok())
      return std::optional<Metric>();
  }
  return std::optional<Metric>(std::move(metric));
}

}  // namespace

Result<std::optional<EnsembleGain>> GainOverMembers(const EnsembleExecutable& ensemble,
                                                    const LabelledSet& set, const Metric& judged,
                                                    std::int64_t batch) {
  if (judged.name() == "rmse") return std::optional<EnsembleGain>();
  const bool more_is_better = judged.name() == "accuracy" || judged.name() == "top5";
  EnsembleGain gain;
  for (std::size_t step = 0; step < ensemble.ensemble().steps.size(); ++step) {
    const package::EnsembleStep& named = ensemble.ensemble().steps[step];
    if (named.model.empty() || !ReadsInputsAlone(ensemble, step)) continue;
    SLIPWAY_TRY(const std::optional<Metric> metric,
                JudgeMember(ensemble, step, set, judged, batch));
    if (!metric) continue;
    const Estimate estimate = metric->Estimated();
    const bool is_first = gain.members.empty();
    const double best = is_first ? 0 : gain.members[gain.best].second.value;
    gain.members.emplace_back(TitleOf(named), estimate);
    if (!is_first && (more_is_better ? estimate.value <= best : estimate.value >= best)) continue;
    gain.best = gain.members.size() - 1;
    gain.gain = PairedInterval(judged.scores(), metric->scores());
  }
  if (gain.members.empty()) return std::optional<EnsembleGain>();
  return std::optional<EnsembleGain>(std::move(gain));
}

}  // namespace slipway::cli
