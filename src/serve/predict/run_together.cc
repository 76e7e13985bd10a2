#include "serve/predict/run_together.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "serve/predict/run_task.h"

namespace slipway::serve {
namespace {

struct JointRun {
  std::vector<TensorBuffer> inputs;
  std::vector<TensorBuffer> outputs;
  std::int64_t rows = 0;
};

Result<TensorBuffer> JoinRows(std::span<PredictTask* const> tasks, std::size_t input,
                              std::int64_t rows) {
  const TensorView& first = tasks.front()->bound.inputs[input];
  Shape shape = first.shape;
  shape.SetDim(0, rows);
  SLIPWAY_TRY(TensorBuffer joined, TensorBuffer::Allocate(first.dtype, shape));
  std::byte* to = joined.bytes().data();
  for (const PredictTask* task : tasks) {
    const std::span<const std::byte> bytes = task->bound.inputs[input].bytes;
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
  }
  return joined;
}

Result<JointRun> Join(std::span<PredictTask* const> tasks) {
  const ServedModel& model = *tasks.front()->request.model;
  const BoundRequest& bound = tasks.front()->bound;
  JointRun joint;
  for (const PredictTask* task : tasks) joint.rows += task->bound.rows;
  for (std::size_t i = 0; i < bound.inputs.size(); ++i) {
    SLIPWAY_TRY(TensorBuffer input, JoinRows(tasks, i, joint.rows));
    joint.inputs.push_back(std::move(input));
  }
  for (const std::size_t wanted : bound.wanted) {
    const TensorSpec& spec = model->signature.outputs[wanted];
    const Shape shape = OutputShape(spec, OutputMemory::kFollowsBatch, joint.rows);
    SLIPWAY_TRY(TensorBuffer output, TensorBuffer::Allocate(spec.dtype, shape));
    joint.outputs.push_back(std::move(output));
  }
  return joint;
}

/// Within the bounds of `earliest`, whose deadline is the first: a joint run that passes it is
/// given up, and each goes on alone.
Status RunJoint(const PredictTask& earliest, JointRun& joint, MonotonicTime now,
                const RunContext& context) {
  std::vector<TensorView> inputs;
  for (const TensorBuffer& input : joint.inputs) inputs.push_back(input.view());
  return (*earliest.request.model)
      ->executable->Run(
          inputs, earliest.bound.wanted, joint.outputs,
          {.max_bytes = context.max_run_bytes, .deadline = RunDeadline(earliest, now, context)});
}

/// The rows from `first_row` on that are the task's own.
Result<std::vector<TensorBuffer>> RowsOf(const PredictTask& task, const JointRun& joint,
                                         std::int64_t first_row) {
  std::vector<TensorBuffer> outputs;
  outputs.reserve(joint.outputs.size());
  for (const TensorBuffer& output : joint.outputs) {
    const std::size_t row_bytes = output.bytes().size() / static_cast<std::size_t>(joint.rows);
    Shape shape = output.shape();
    shape.SetDim(0, task.bound.rows);
    const TensorView rows{
        output.dtype(), shape,
        output.bytes().subspan(static_cast<std::size_t>(first_row) * row_bytes,
                               static_cast<std::size_t>(task.bound.rows) * row_bytes)};
    SLIPWAY_TRY(TensorBuffer own, TensorBuffer::CopyOf(rows));
    outputs.push_back(std::move(own));
  }
  return outputs;
}

void RunEachAlone(std::span<PredictTask*> tasks, const RunContext& context) {
  for (PredictTask* task : tasks) RunTask(std::move(*task), context.clock.Now(), context);
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

}  // namespace

bool MayRunTogether(const PredictTask& one, const PredictTask& other) {
  if (one.request.model != other.request.model || one.bound.wanted != other.bound.wanted)
    return false;
  return std::ranges::equal(
      one.bound.inputs, other.bound.inputs, [](const TensorView& a, const TensorView& b) {
        return std::ranges::equal(a.shape.dims().subspan(1), b.shape.dims().subspan(1));
      });
}

void RunTogether(std::span<PredictTask*> tasks, const RunContext& context) {
  const Clock& clock = context.clock;
  const MonotonicTime started = clock.Now();
  tasks = WorthRunning(tasks, started);
  if (tasks.size() < 2) return RunEachAlone(tasks, context);
  Result<JointRun> joint = Join(tasks);
  if (!joint.ok()) return RunEachAlone(tasks, context);
  const MonotonicTime run_began = clock.Now();
  const PredictTask& earliest = **std::ranges::min_element(tasks, {}, &PredictTask::deadline);
  const Status run = RunJoint(earliest, *joint, run_began, context);
  const MonotonicTime run_ended = clock.Now();
  if (IsTooLongHere(run, earliest, run_ended, context))
    return HandOverAll(tasks, run_ended, context);
  if (!run.ok()) return RunEachAlone(tasks, context);

  InferenceTimes times{.compute_input = run_began - started,
                       .compute_infer = run_ended - run_began};
  tasks.front()->request.model->counters().RecordRun(static_cast<std::uint64_t>(joint->rows),
                                                     times);
  std::int64_t first_row = 0;
  for (PredictTask* task : tasks) {
    const std::int64_t rows = task->bound.rows;
    Result<std::vector<TensorBuffer>> outputs = RowsOf(*task, *joint, first_row);
    first_row += rows;
    if (!outputs.ok()) {
      RefuseTask(*task, std::move(outputs).status(), run_ended);
      continue;
    }
    times.queue = started - task->checked;
    times.compute_input = (task->checked - task->arrived) + (run_began - started);
    CompleteTask(std::move(*task), std::move(*outputs), times, clock);
  }
}

}  // namespace slipway::serve
