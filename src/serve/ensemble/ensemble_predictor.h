#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "serve/ensemble/ensemble_run.h"
#include "serve/model/model_set.h"
#include "serve/predict/caching_predictor.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// A predictor that runs ensembles too. Requests for other models go to `inner` as they are. Those
/// for an ensemble become requests for its steps, which `inner` batches, bounds and counts as any;
/// steps that do not wait for each other run at the same time where the server has threads for it.
///
/// The versions of this server's steps are pinned when a request begins; a step whose model keeps
/// answers may have one that is kept. Deadline and abandonment are those
/// of the request; a step that fails ends it, with that step's code and the step in the place, and
/// what still waits for it is abandoned. Of the ensemble are counted: requests and their rows; as
/// its times those of the steps on the way that took longest.
class EnsemblePredictor final : public Predictor {
 public:
  /// What steps may use; all of it outlives this.
  struct Means {
    const ModelSet& models;
    const Clock& clock;
    ResponseCache* answers = nullptr;  ///< kept of their models; null: none are
    RemoteModels* remotes = nullptr;   ///< null: no step may be another server's
  };

  /// `options` are those of `inner`.
  EnsemblePredictor(std::unique_ptr<Predictor> inner, const PredictorOptions& options,
                    const Means& means);

  /// Unavailable (kModelNotReady): a step's model has gone. Else as said above.
  void Predict(InferRequest&& request, InferCompletion&& done) override;
  /// Nothing of an ensemble: its steps are refused one by one.
  Status Foresee(const ServedModel& model,
                 std::optional<std::chrono::nanoseconds> patience) override {
    return inner_->Foresee(model, patience);
  }
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override;
  void Stop() override;

 private:
  void Begin(PredictTask task);
  Result<std::vector<ModelHandle>> MembersOf(const PredictTask& task) const;
  /// Whether the steps are quick together.
  bool AreQuick(const PredictTask& task, const std::vector<ModelHandle>& members) const;

  const std::unique_ptr<Predictor> inner_;
  const std::unique_ptr<Predictor> cached_;  ///< before `inner_`, of steps; null: no cache
  const PredictorOptions options_;
  const ModelSet& models_;
  const Clock& clock_;
  RemoteModels* const remotes_;
  std::vector<char> continues_;  // by loop, each touched by its thread alone: a step was added
  const EnsembleRun::Surroundings surroundings_;
};

}  // namespace slipway::serve
