#include "serve/predict/cohort.h"

#include <span>
#include <utility>

#include "serve/batch/batch_policy.h"
#include "serve/predict/run_together.h"

namespace slipway::serve {

bool Cohort::MayHold(const PredictTask& task) {
  return (*task.request.model)->batches.best_rows() > task.bound.rows;
}

void Cohort::Add(PredictTask&& task) {
  run_time_ += (*task.request.model)->batches.LeastTimeOf(task.bound.rows);
  tasks_.push_back(std::move(task));
}

void Cohort::Run(std::chrono::nanoseconds longest, const RunContext& context) {
  if (tasks_.empty() || !running_.empty()) return;
  running_.swap(tasks_);
  run_time_ = {};
  for (PredictTask& task : running_) left_.push_back(&task);
  while (!left_.empty()) {
    TakePartners();
    RunPartners(longest, context);
  }
  running_.clear();
}

/// Moves those out of left_ that may run with its first, in their order; the first is one.
void Cohort::TakePartners() {
  partners_.assign(1, left_.front());
  std::size_t kept = 0;
  for (std::size_t i = 1; i < left_.size(); ++i) {
    if (MayRunTogether(*partners_.front(), *left_[i])) {
      partners_.push_back(left_[i]);
    } else {
      left_[kept++] = left_[i];
    }
  }
  left_.resize(kept);
}

void Cohort::RunPartners(std::chrono::nanoseconds longest, const RunContext& context) {
  const ModelHandle model = partners_.front()->request.model;
  rows_.clear();
  for (const PredictTask* task : partners_) rows_.push_back(task->bound.rows);
  for (std::size_t first = 0; first < partners_.size();) {
    const BatchDecision batch =
        NextBatch(std::span(rows_).subspan(first), (*model)->batches, longest);
    model->counters().RecordBatchEnd(batch.end);
    const auto together = std::span(partners_).subspan(first, batch.requests);
    for (PredictTask* task : together) task->run.batch_end = batch.end;
    RunTogether(together, context);
    first += batch.requests;
  }
}

}  // namespace slipway::serve
