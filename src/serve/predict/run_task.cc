#include "serve/predict/run_task.h"

#include <algorithm>
#include <utility>

namespace slipway::serve {
namespace {

ModelCounters::Failure FailureOf(Code code) {
  switch (code) {
    case Code::kUnavailable:
      return ModelCounters::Failure::kRejected;
    case Code::kCancelled:
      return ModelCounters::Failure::kCancelled;
    case Code::kDeadlineExceeded:
      return ModelCounters::Failure::kExpired;
    default:
      return ModelCounters::Failure::kOther;
  }
}

// Memory for the outputs whose size is known before the run; the others are left to the engine.
Result<std::vector<TensorBuffer>> MakeOutputs(const ServedModel& model, const BoundRequest& bound) {
  std::vector<TensorBuffer> outputs(bound.wanted.size());
  if (model->output_memory.empty()) return outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const OutputMemory memory = model->output_memory[bound.wanted[i]];
    if (memory == OutputMemory::kEngine) continue;
    const TensorSpec& spec = model->signature.outputs[bound.wanted[i]];
    SLIPWAY_TRY(outputs[i],
                TensorBuffer::Allocate(spec.dtype, OutputShape(spec, memory, bound.rows)));
  }
  return outputs;
}

InferResponse MakeResponse(ModelHandle model, const BoundRequest& bound,
                           std::vector<TensorBuffer> outputs, const InferenceTimes& times) {
  InferResponse response;
  response.outputs.reserve(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    response.outputs.emplace_back(&(*model)->signature.outputs[bound.wanted[i]],
                                  std::move(outputs[i]));
  response.model = std::move(model);
  response.times = {
      .queue = times.queue, .batch = times.compute_input, .compute = times.compute_infer};
  return response;
}

}  // namespace

Status WhyNotRun(const PredictTask& task, MonotonicTime now) {
  if (now >= task.deadline) return DeadlinePassed();
  if (now >= task.expires && !task.yields_when_expired) return WaitedTooLong();
  if (task.request.abandoned && task.request.abandoned()) return ClientGone();
  return {};
}

Result<LoneRun> RunAlone(const PredictTask& task, MonotonicTime started,
                         const RunContext& context) {
  const Clock& clock = context.clock;
  const ServedModel& model = *task.request.model;
  LoneRun lone;
  SLIPWAY_TRY(lone.outputs, MakeOutputs(model, task.bound));
  const MonotonicTime run_began = clock.Now();
  SLIPWAY_RETURN_IF_ERROR(model->executable->Run(
      task.bound.inputs, task.bound.wanted, lone.outputs,
      {.max_bytes = context.max_run_bytes, .deadline = RunDeadline(task, run_began, context)}));
  lone.times = {.queue = started - task.checked,
                .compute_input = (task.checked - task.arrived) + (run_began - started),
                .compute_infer = clock.Now() - run_began};
  model.counters().RecordRun(static_cast<std::uint64_t>(task.bound.rows), lone.times);
  model.NoteRun(task.bound.rows, 1, lone.times.compute_infer);
  return lone;
}

void RunTask(PredictTask& task, MonotonicTime started, const RunContext& context) {
  if (Status why = WhyNotRun(task, started); !why.ok())
    return RefuseTask(task, std::move(why), started);
  Result<LoneRun> lone = RunAlone(task, started, context);
  task.run.rows = task.bound.rows;
  if (lone.ok())
    return CompleteTask(task, std::move(lone->outputs), lone->times, context.clock.WallNow());
  const MonotonicTime now = context.clock.Now();
  if (IsTooLongHere(lone.status(), task, now, context)) return HandOver(task, now, context);
  RefuseTask(task, std::move(lone).status(), now);
}

MonotonicTime RunDeadline(const PredictTask& task, MonotonicTime now, const RunContext& context) {
  if (context.overflow == nullptr) return task.deadline;
  return std::min<MonotonicTime>(task.deadline, now + context.longest);
}

bool IsTooLongHere(const Status& run, const PredictTask& task, MonotonicTime now,
                   const RunContext& context) {
  return run.code() == Code::kDeadlineExceeded && context.overflow != nullptr &&
         now < task.deadline;
}

void HandOver(PredictTask& task, MonotonicTime now, const RunContext& context) {
  task.request.model->NoteSurprise(now);
  if (Status added = context.overflow->Add(task); !added.ok())
    RefuseTask(task, std::move(added), now);
}

void CompleteTask(PredictTask& task, std::vector<TensorBuffer> outputs, const InferenceTimes& times,
                  WallTime now) {
  task.request.model->counters().RecordSuccess(static_cast<std::uint64_t>(task.bound.rows), times,
                                               now);
  InferResponse response =
      MakeResponse(std::move(task.request.model), task.bound, std::move(outputs), times);
  response.run = task.run;
  task.done(std::move(response));
}

void RefuseTask(const PredictTask& task, Status why, MonotonicTime now) {
  task.request.model->counters().RecordFailure(FailureOf(why.code()), now - task.arrived);
  task.done(std::move(why));
}

Status ServerEnds() { return Unavailable("the server ends"); }
Status DeadlinePassed() { return DeadlineExceeded("the deadline passed before the model ran"); }
Status WaitedTooLong() {
  return DeadlineExceeded("the request waited longer than its model's queue policy allows");
}
Status ClientGone() { return Cancelled("the client went before the model ran"); }

}  // namespace slipway::serve
