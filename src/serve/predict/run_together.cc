#include "serve/predict/run_together.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "serve/predict/joint_run.h"
#include "serve/predict/run_task.h"

namespace slipway::serve {
namespace {

void RunEachAlone(std::span<PredictTask*> tasks, const RunContext& context) {
  for (PredictTask* task : tasks) {
    PredictTask own = std::move(*task);  // its memory goes with it
    RunTask(own, context.clock.Now(), context);
  }
}

void HandOverAll(std::span<PredictTask*> tasks, MonotonicTime now, const RunContext& context) {
  for (PredictTask* task : tasks) HandOver(*task, now, context);
}

/// Refuses what is not worth running and moves the rest to the front, in order.
std::span<PredictTask*> WorthRunning(std::span<PredictTask*> tasks, MonotonicTime now) {
  std::size_t kept = 0;
  for (PredictTask* task : tasks) {
    if (Status why = WhyNotRun(*task, now); !why.ok()) {
      RefuseTask(*task, std::move(why), now);
    } else {
      tasks[kept++] = task;
    }
  }
  return tasks.first(kept);
}

/// Moves those that may share a run to the front, in order, and says how many they are.
std::size_t PutSuspectsLast(std::span<PredictTask*> tasks) {
  const engine::OutsideProcess* const outside =
      tasks.empty() ? nullptr : (*tasks.front()->request.model)->executable->outside();
  if (outside == nullptr) return tasks.size();
  const auto suspects = std::stable_partition(
      tasks.begin(), tasks.end(),
      [&](const PredictTask* task) { return !outside->IsSuspect(task->bound.inputs); });
  return static_cast<std::size_t>(suspects - tasks.begin());
}

/// Each with its own rows.
void CompleteAll(std::span<PredictTask*> tasks, const JointRun& joint, MonotonicTime started,
                 InferenceTimes times, const Clock& clock) {
  const WallTime now = clock.WallNow();
  const std::chrono::nanoseconds joined = times.compute_input;
  std::int64_t first_row = 0;
  for (PredictTask* task : tasks) {
    const std::int64_t rows = task->bound.rows;
    Result<std::vector<TensorBuffer>> outputs = joint.RowsOf(first_row, rows);
    first_row += rows;
    if (!outputs.ok()) {
      RefuseTask(*task, std::move(outputs).status(), clock.Now());
      continue;
    }
    task->run.rows = joint.rows();
    times.queue = started - task->checked;
    times.compute_input = (task->checked - task->arrived) + joined;
    CompleteTask(*task, std::move(*outputs), times, now);
  }
}

void RunJointly(std::span<PredictTask*> tasks, MonotonicTime started, const RunContext& context) {
  const Clock& clock = context.clock;
  if (tasks.size() < 2) return RunEachAlone(tasks, context);
  Result<JointRun> joint = JointRun::Of(tasks);
  if (!joint.ok()) return RunEachAlone(tasks, context);
  const MonotonicTime run_began = clock.Now();
  // Within the bounds of the first deadline: a joint run that passes it is given up, and each goes
  // on alone.
  const PredictTask& earliest = **std::ranges::min_element(tasks, {}, &PredictTask::deadline);
  const Status run = joint->Run(
      {.max_bytes = context.max_run_bytes, .deadline = RunDeadline(earliest, run_began, context)});
  const MonotonicTime run_ended = clock.Now();
  if (IsTooLongHere(run, earliest, run_ended, context))
    return HandOverAll(tasks, run_ended, context);
  const ServedModel& model = *earliest.request.model;
  if (!run.ok()) {
    if (run.code() != Code::kDeadlineExceeded) model.NoteJointFailure(joint->rows());
    return RunEachAlone(tasks, context);
  }
  const InferenceTimes times{.compute_input = run_began - started,
                             .compute_infer = run_ended - run_began};
  model.counters().RecordRun(static_cast<std::uint64_t>(joint->rows()), times);
  model.NoteRun(joint->rows(), tasks.size(), run_ended - started);
  CompleteAll(tasks, *joint, started, times, clock);
}

}  // namespace

bool MayRunTogether(const PredictTask& one, const PredictTask& other) {
  if (one.bound.rows < 1 || other.bound.rows < 1) return false;
  if (one.request.model != other.request.model || one.bound.wanted != other.bound.wanted)
    return false;
  return std::ranges::equal(
      one.bound.inputs, other.bound.inputs, [](const TensorView& a, const TensorView& b) {
        return std::ranges::equal(a.shape.dims().subspan(1), b.shape.dims().subspan(1));
      });
}

void RunTogether(std::span<PredictTask*> tasks, const RunContext& context) {
  const MonotonicTime started = context.clock.Now();
  tasks = WorthRunning(tasks, started);
  const std::size_t joint = PutSuspectsLast(tasks);
  RunJointly(tasks.first(joint), started, context);
  RunEachAlone(tasks.subspan(joint), context);
}

}  // namespace slipway::serve
