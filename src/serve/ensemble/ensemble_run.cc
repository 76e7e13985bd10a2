#include "serve/ensemble/ensemble_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "serve/predict/run_task.h"

namespace slipway::serve {

void EnsembleRun::Start(PredictTask task, std::vector<ModelHandle> members, bool only_on_worker,
                        const Surroundings& surroundings) {
  const auto run = std::make_shared<EnsembleRun>(std::move(task), std::move(members),
                                                 only_on_worker, surroundings);
  const std::vector<std::size_t> first = run->progress_.FirstSteps();
  for (const std::size_t step : first) run->StartStep(step, {});
}

EnsembleRun::EnsembleRun(PredictTask task, std::vector<ModelHandle> members, bool only_on_worker,
                         const Surroundings& surroundings)
    : task_(std::move(task)),
      members_(std::move(members)),
      only_on_worker_(only_on_worker),
      surroundings_(surroundings),
      progress_(plan(), task_.bound.wanted),
      tensors_(plan().tensors.size()) {}

void EnsembleRun::StartStep(std::size_t step, const StageTimes& behind) {
  if (has_ended_) return;
  const std::shared_ptr<EnsembleRun> self = shared_from_this();
  InferCompletion done = [self, step, behind](Result<InferResponse> response) {
    self->FinishStep(step, behind, std::move(response));
  };
  if (members_[step] == nullptr) return StartRemoteStep(step, std::move(done));
  surroundings_.steps.Predict({.model = members_[step],
                               .inputs = InputsOf(step),
                               .outputs = OutputNamesOf(step),
                               .deadline = task_.deadline,
                               .priority = task_.request.priority,
                               .keeper = self,
                               .abandoned = [self] { return self->IsAbandoned(); },
                               .loop = LoopOfThisThread(),
                               .only_on_worker = only_on_worker_},
                              std::move(done));
}

void EnsembleRun::StartRemoteStep(std::size_t step, InferCompletion done) {
  const std::shared_ptr<EnsembleRun> self = shared_from_this();
  const package::EnsembleStep& remote = served().ensemble.steps[step];
  surroundings_.remotes->Infer({.server = remote.server,
                                .model = remote.model,
                                .version = remote.version,
                                .inputs = InputsOf(step),
                                .outputs = OutputNamesOf(step),
                                .deadline = task_.deadline,
                                .keeper = self,
                                .abandoned = [self] { return self->IsAbandoned(); },
                                .trace = Trace()},
                               std::move(done));
}

telemetry::TraceHeaders EnsembleRun::Trace() {
  std::call_once(asked_for_trace_, [this] {
    if (task_.request.trace) trace_ = task_.request.trace();
  });
  return trace_;
}

std::vector<std::string_view> EnsembleRun::OutputNamesOf(std::size_t step) {
  std::vector<std::string_view> names;
  for (const Output& output : OutputsOf(step)) names.push_back(output.name);
  return names;
}

std::vector<InferInput> EnsembleRun::InputsOf(std::size_t step) {
  const std::lock_guard lock(mutex_);
  std::vector<InferInput> inputs;
  std::size_t position = 0;
  for (const auto& [name, tensor] : served().ensemble.steps[step].input_map) {
    const std::size_t number = plan().steps[step].reads[position++];
    const bool is_input = number < task_.bound.inputs.size();
    inputs.push_back(
        {.name = name, .tensor = is_input ? task_.bound.inputs[number] : tensors_[number].view()});
  }
  return inputs;
}

std::vector<EnsembleRun::Output> EnsembleRun::OutputsOf(std::size_t step) {
  const std::lock_guard lock(mutex_);
  std::vector<Output> outputs;
  std::size_t position = 0;
  for (const auto& [name, tensor] : served().ensemble.steps[step].output_map) {
    const std::size_t number = plan().steps[step].writes[position++];
    if (progress_.IsTensorNeeded(number)) outputs.push_back({.name = name, .tensor = number});
  }
  return outputs;
}

std::optional<unsigned> EnsembleRun::LoopOfThisThread() const {
  if (std::this_thread::get_id() != began_on_) return std::nullopt;
  return task_.request.loop;
}

void EnsembleRun::FinishStep(std::size_t step, StageTimes behind, Result<InferResponse> response) {
  if (!response.ok()) return Fail(std::move(response).status().At(served().TitleOf(step)));
  if (Status kept = Keep(step, *response); !kept.ok())
    return Fail(std::move(kept).At(served().TitleOf(step)));
  behind.queue += response->times.queue;
  behind.batch += response->times.batch;
  behind.compute += response->times.compute;
  StepProgress::After after;
  std::vector<TensorBuffer> unused;  // given back after the lock
  bool is_last = false;
  {
    const std::lock_guard lock(mutex_);
    after = progress_.Finish(step);
    for (const std::size_t tensor : after.unused) unused.push_back(std::move(tensors_[tensor]));
    is_last = progress_.IsFinished();
  }
  if (is_last) return Answer(behind);
  if (const std::optional<unsigned> loop = LoopOfThisThread(); loop && !after.runnable.empty())
    surroundings_.continues_on_loop(*loop);
  for (const std::size_t next : after.runnable) StartStep(next, behind);
}

Status EnsembleRun::Keep(std::size_t step, InferResponse& response) {
  const std::vector<Output> outputs = OutputsOf(step);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    SLIPWAY_RETURN_IF_ERROR(CheckOutput(outputs[i].tensor, response.outputs[i].second));
    if (members_[step] == nullptr)
      SLIPWAY_RETURN_IF_ERROR(CheckReaders(outputs[i].tensor, response.outputs[i].second));
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    tensors_[outputs[i].tensor] = std::move(response.outputs[i].second);
  return {};
}

/// A step's model may leave open what the ensemble promises.
Status EnsembleRun::CheckOutput(std::size_t tensor, const TensorBuffer& value) const {
  const auto output = std::ranges::find(plan().outputs, tensor);
  if (output == plan().outputs.end()) return {};
  const auto index = static_cast<std::size_t>(output - plan().outputs.begin());
  const TensorSpec& spec = (*task_.request.model)->signature.outputs[index];
  if (spec.dtype == value.dtype() && spec.shape.Admits(value.shape())) return {};
  return Internal(fmt::format("it wrote {}{} as the ensemble's output {}", ShortName(value.dtype()),
                              value.shape().ToString(), ToString(spec)));
}

/// What another server's model writes was not known when the ensemble was loaded.
Status EnsembleRun::CheckReaders(std::size_t tensor, const TensorBuffer& value) const {
  for (std::size_t step = 0; step < members_.size(); ++step) {
    if (members_[step] == nullptr) continue;
    std::size_t position = 0;
    for (const auto& [name, read] : served().ensemble.steps[step].input_map) {
      if (plan().steps[step].reads[position++] != tensor) continue;
      const TensorSpec& spec = *(*members_[step])->signature.FindInput(name);
      if (spec.dtype == value.dtype() && spec.shape.Admits(value.shape())) continue;
      return Internal(fmt::format("it wrote {}{} for {}, whose input is {}",
                                  ShortName(value.dtype()), value.shape().ToString(),
                                  served().TitleOf(step), ToString(spec)))
          .With(errors::kRemoteAnswer);
    }
  }
  return {};
}

void EnsembleRun::Answer(const StageTimes& times) {
  if (has_ended_.exchange(true)) return;
  std::vector<TensorBuffer> outputs;
  {
    const std::lock_guard lock(mutex_);
    for (const std::size_t output : task_.bound.wanted)
      outputs.push_back(std::move(tensors_[plan().outputs[output]]));
  }
  const std::chrono::nanoseconds total = surroundings_.clock.Now() - task_.arrived;
  const InferenceTimes counted{
      .queue = times.queue,
      .compute_input = std::max(total - times.queue - times.compute, std::chrono::nanoseconds(0)),
      .compute_infer = times.compute};
  const ServedModel& ensemble = *task_.request.model;
  ensemble.counters().RecordRun(static_cast<std::uint64_t>(task_.bound.rows), counted);
  PredictTask task = std::move(task_);  // ends here, with what it keeps of the client
  CompleteTask(task, std::move(outputs), counted, surroundings_.clock.WallNow());
}

void EnsembleRun::Fail(Status why) {
  if (has_ended_.exchange(true)) return;
  RefuseTask(task_, std::move(why), surroundings_.clock.Now());
}

bool EnsembleRun::IsAbandoned() const {
  return has_ended_ || (task_.request.abandoned && task_.request.abandoned());
}

}  // namespace slipway::serve
