#include "serve/ensemble/ensemble_predictor.h"

#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "serve/predict/predict_task.h"
#include "serve/predict/run_task.h"

namespace slipway::serve {

EnsemblePredictor::EnsemblePredictor(std::unique_ptr<Predictor> inner,
                                     const PredictorOptions& options, const Means& means)
    : inner_(std::move(inner)),
      cached_(means.answers == nullptr ? nullptr
                                       : CacheAnswers(*inner_, *means.answers, means.clock)),
      options_(options),
      models_(means.models),
      clock_(means.clock),
      remotes_(means.remotes),
      continues_(options.loops),
      surroundings_{.steps = cached_ == nullptr ? *inner_ : *cached_,
                    .clock = clock_,
                    .continues_on_loop =
                        [this](unsigned loop) {
                          if (loop < continues_.size()) continues_[loop] = 1;
                        },
                    .remotes = means.remotes} {}

void EnsemblePredictor::Stop() {
  // First: what they answer goes on with the steps of `inner_`.
  if (remotes_ != nullptr) remotes_->Stop();
  inner_->Stop();
}

void EnsemblePredictor::Predict(InferRequest&& request, InferCompletion&& done) {
  const ServedModel& model = *request.model;
  if (model->ensemble == nullptr) return inner_->Predict(std::move(request), std::move(done));
  std::optional<PredictTask> task =
      BeginTask(std::move(request), std::move(done), options_.default_deadline, clock_);
  if (task) Begin(std::move(*task));
}

void EnsemblePredictor::Begin(PredictTask task) {
  Result<std::vector<ModelHandle>> members = MembersOf(task);
  task.checked = clock_.Now();
  if (!members.ok()) return RefuseTask(task, std::move(members).status(), task.checked);
  const bool only_on_worker = task.request.only_on_worker || !AreQuick(task, *members);
  EnsembleRun::Start(std::move(task), std::move(*members), only_on_worker, surroundings_);
}

std::chrono::nanoseconds EnsemblePredictor::FinishRound(unsigned loop, unsigned rejected) {
  std::chrono::nanoseconds rest = inner_->FinishRound(loop, rejected);
  if (loop >= continues_.size()) return rest;
  // A step that ends in a round may begin others in it: at most as many as the ensemble has.
  while (std::exchange(continues_[loop], 0) != 0) rest += inner_->FinishRound(loop, 0);
  return rest;
}

Result<std::vector<ModelHandle>> EnsemblePredictor::MembersOf(const PredictTask& task) const {
  const ServedEnsemble& served = *(*task.request.model)->ensemble;
  const std::vector<bool> needed = served.plan.StepsFor(task.bound.wanted);
  std::vector<ModelHandle> members(needed.size());
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    const package::EnsembleStep& step = served.ensemble.steps[i];
    if (!step.server.empty() && remotes_ != nullptr) continue;
    if (!step.server.empty()) return RemoteNotAllowed(step.server).At(served.TitleOf(i));
    Result<ModelHandle> member = step.model.empty() ? Result<ModelHandle>(served.own_graph)
                                                    : models_.Find(step.model, step.version);
    if (member.ok() && (**member)->ensemble != nullptr) member = NestedEnsemble();
    if (!member.ok()) {
      return Unavailable(member.status().message())
          .With(errors::kModelNotReady)
          .At(served.TitleOf(i));
    }
    members[i] = std::move(*member);
  }
  return members;
}

bool EnsemblePredictor::AreQuick(const PredictTask& task,
                                 const std::vector<ModelHandle>& members) const {
  std::chrono::nanoseconds together{0};
  for (const ModelHandle& member : members) {
    if (member != nullptr) together += (*member)->run_time;
  }
  // A division, since a client chooses the number of rows and a product may overflow.
  return together < std::chrono::nanoseconds(options_.inline_below) / task.bound.rows;
}

}  // namespace slipway::serve
