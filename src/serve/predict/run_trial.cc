#include "serve/predict/run_trial.h"

#include <utility>

#include "serve/batch/row_trial.h"
#include "serve/predict/joint_run.h"

namespace slipway::serve {
namespace {

using Trial = BatchLearner::Trial;

/// Far from what inputs are like, so that what is shared by the rows of a run shows.
constexpr float kMagnitude = kTrialMagnitudes[std::size(kTrialMagnitudes) - 1];

Result<std::vector<TensorBuffer>> CopyOf(std::span<const TensorBuffer> tensors) {
  std::vector<TensorBuffer> copies;
  for (const TensorBuffer& tensor : tensors) {
    SLIPWAY_TRY(TensorBuffer copy, TensorBuffer::CopyOf(tensor.view()));
    copies.push_back(std::move(copy));
  }
  return copies;
}

Result<bool> Agree(std::span<const TensorBuffer> in_company, std::span<const TensorBuffer> alone) {
  for (std::size_t i = 0; i < alone.size(); ++i) {
    SLIPWAY_TRY(const bool agree, RowsAgree(in_company[i].view(), alone[i].view()));
    if (!agree) return false;
  }
  return true;
}

/// A run beside others that fails where the request alone did not is an answer too.
Trial RunInCompany(JointRun& joint, std::int64_t rows, std::span<const TensorBuffer> alone,
                   const ServedModel& model, const RunContext& context, MonotonicTime deadline) {
  const MonotonicTime began = context.clock.Now();
  const Status run = joint.Run({.max_bytes = context.max_run_bytes, .deadline = deadline});
  if (run.code() == Code::kDeadlineExceeded) return Trial::kNothing;
  if (!run.ok()) return Trial::kDiffers;
  model.NoteRun(joint.rows(), 0, context.clock.Now() - began);
  const Result<std::vector<TensorBuffer>> own = joint.RowsOf(0, rows);
  if (!own.ok()) return Trial::kNothing;
  const Result<bool> agree = Agree(*own, alone);
  return agree.ok() && *agree ? Trial::kAgreed : Trial::kDiffers;
}

}  // namespace

void RunTrial(PredictTask task, MonotonicTime started, const RunContext& context) {
  const ModelHandle model = task.request.model;
  const MonotonicTime deadline = task.deadline;
  const std::int64_t rows = task.bound.rows;
  Result<JointRun> joint = JointRun::BesideMadeUpRows(task, kMagnitude);
  Status why = WhyNotRun(task, started);
  Result<LoneRun> lone =
      why.ok() ? RunAlone(task, started, context) : Result<LoneRun>(std::move(why));
  if (!lone.ok()) {
    RefuseTask(task, std::move(lone).status(), context.clock.Now());
    return model->NoteTrial(Trial::kNothing);
  }
  const Result<std::vector<TensorBuffer>> alone = CopyOf(lone->outputs);
  CompleteTask(task, std::move(lone->outputs), lone->times, context.clock.WallNow());
  if (!joint.ok() || !alone.ok()) return model->NoteTrial(Trial::kNothing);
  model->NoteTrial(RunInCompany(*joint, rows, *alone, *model, context, deadline));
}

}  // namespace slipway::serve
