#include "serve/predict/cohort.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "serve/batch/batch_policy.h"
#include "serve/predict/run_task.h"
#include "serve/predict/run_together.h"

namespace slipway::serve {
namespace {

/// Moves those out of `tasks` that may run with its first, in their order; the first is one.
std::vector<PredictTask> TakePartners(std::vector<PredictTask>& tasks) {
  std::vector<PredictTask> partners;
  partners.push_back(std::move(tasks.front()));
  std::size_t kept = 0;
  for (std::size_t i = 1; i < tasks.size(); ++i) {
    if (MayRunTogether(partners.front(), tasks[i])) {
      partners.push_back(std::move(tasks[i]));
    } else {
      std::swap(tasks[kept++], tasks[i]);
    }
  }
  tasks.resize(kept);
  return partners;
}

void RunInBatches(std::vector<PredictTask> partners, std::chrono::nanoseconds longest,
                  const Clock& clock) {
  const ModelHandle model = partners.front().request.model;
  std::vector<std::int64_t> rows;
  for (const PredictTask& task : partners) rows.push_back(task.bound.rows);
  for (std::size_t first = 0; first < partners.size();) {
    const BatchDecision batch =
        NextBatch(std::span(rows).subspan(first), (*model)->batches, longest);
    model->counters().RecordBatchEnd(batch.end);
    RunTogether(std::span(partners).subspan(first, batch.requests), clock);
    first += batch.requests;
  }
}

}  // namespace

bool Cohort::MayHold(const PredictTask& task) {
  return (*task.request.model)->batches.best_rows() > task.bound.rows;
}

void Cohort::Add(PredictTask task) {
  run_time_ += (*task.request.model)->batches.LeastTimeOf(task.bound.rows);
  tasks_.push_back(std::move(task));
}

void Cohort::Run(std::chrono::nanoseconds longest, const Clock& clock) {
  std::vector<PredictTask> tasks = std::exchange(tasks_, {});
  run_time_ = {};
  while (!tasks.empty()) RunInBatches(TakePartners(tasks), longest, clock);
}

}  // namespace slipway::serve
