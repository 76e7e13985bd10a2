#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/ensemble/remote_models.h"
#include "serve/ensemble/step_progress.h"
#include "serve/model/served_ensemble.h"
#include "serve/predict/predictor.h"
#include "serve/predict/waiting_requests.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// One request of an ensemble under way. The requests of its steps keep it; it keeps the tensors
/// that they read, each until its last reader is done. Thread-safe.
class EnsembleRun : public std::enable_shared_from_this<EnsembleRun> {
 public:
  /// Who runs steps; all of it outlives the run.
  struct Surroundings {
    Predictor& steps;
    const Clock& clock;
    /// Called before a step is handed to event loop number `loop` outside of a call of Predict():
    /// its round may be over.
    std::function<void(unsigned loop)> continues_on_loop;
    RemoteModels* remotes = nullptr;  ///< who runs steps of other servers; null: there are none
  };

  /// `task` is bound to the ensemble; `members`: one for each step, null where the step is not
  /// needed or is another server's. `only_on_worker`: together the steps take too long for the
  /// calling thread.
  static void Start(PredictTask task, std::vector<ModelHandle> members, bool only_on_worker,
                    const Surroundings& surroundings);

  /// For Start() alone.
  EnsembleRun(PredictTask task, std::vector<ModelHandle> members, bool only_on_worker,
              const Surroundings& surroundings);

 private:
  const ServedEnsemble& served() const { return *(*task_.request.model)->ensemble; }
  const package::EnsemblePlan& plan() const { return served().plan; }

  /// `behind`: the times on the way to this step.
  void StartStep(std::size_t step, const StageTimes& behind);
  void StartRemoteStep(std::size_t step, InferCompletion done);
  /// The same for every step, asked for by the first.
  telemetry::TraceHeaders Trace();
  std::vector<InferInput> InputsOf(std::size_t step);
  struct Output {
    std::string_view name;   ///< of the step's model
    std::size_t tensor = 0;  ///< of the ensemble
  };
  /// Those of a step that somebody reads.
  std::vector<Output> OutputsOf(std::size_t step);
  std::vector<std::string_view> OutputNamesOf(std::size_t step);
  std::optional<unsigned> LoopOfThisThread() const;

  void FinishStep(std::size_t step, StageTimes behind, Result<InferResponse> response);
  Status Keep(std::size_t step, InferResponse& response);
  Status CheckOutput(std::size_t tensor, const TensorBuffer& value) const;
  Status CheckReaders(std::size_t tensor, const TensorBuffer& value) const;
  void Answer(const StageTimes& times);
  void Fail(Status why);
  bool IsAbandoned() const;

  PredictTask task_;
  const std::vector<ModelHandle> members_;
  const bool only_on_worker_;
  const Surroundings& surroundings_;
  const std::thread::id began_on_ = std::this_thread::get_id();
  std::atomic<bool> has_ended_ = false;  // whoever sets it completes the request
  std::once_flag asked_for_trace_;
  telemetry::TraceHeaders trace_;
  std::mutex mutex_;
  StepProgress progress_;              // guarded by mutex_
  std::vector<TensorBuffer> tensors_;  // by tensor; guarded by mutex_, its bytes do not change
};

}  // namespace slipway::serve
