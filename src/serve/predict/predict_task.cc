#include "serve/predict/predict_task.h"

#include <utility>

#include "serve/predict/run_task.h"

namespace slipway::serve {

std::optional<PredictTask> BeginTask(InferRequest&& request, InferCompletion&& done,
                                     std::chrono::nanoseconds default_deadline,
                                     const Clock& clock) {
  std::optional<PredictTask> task(std::in_place);
  task->arrived = clock.Now();
  task->request = std::move(request);
  task->done = std::move(done);
  task->deadline = task->request.deadline.value_or(task->arrived + default_deadline);
  const ServedModel& model = *task->request.model;
  Result<BoundRequest> bound = Bind(model->signature, task->request.inputs, task->request.outputs);
  task->checked = clock.Now();
  Status refusal = bound.ok() ? CheckRows(model, bound->rows) : std::move(bound).status();
  if (!refusal.ok()) {
    RefuseTask(*task, std::move(refusal), task->checked);
    return std::nullopt;
  }
  task->bound = std::move(*bound);
  return task;
}

}  // namespace slipway::serve
