#include "serve/predict/sequence_predictor.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/thread.h"
#include "serve/predict/sequence_tensors.h"

namespace slipway::serve {
namespace {

using SequenceHandle = SequenceTable::SequenceHandle;

// How much later than configured an idle sequence ends while its model gets no requests.
constexpr std::chrono::milliseconds kLookEvery{250};

const SequenceBatching& ConfigOf(const ServedModel& model) {
  return *model->config.sequence_batching;
}

Status Wrong(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Status CheckRequest(const InferRequest& request) {
  const ServedModel& model = *request.model;
  if (!request.sequence.IsInSequence()) {
    return Wrong(
        fmt::format("model \"{}\" keeps sequences: a request must have a sequence_id, "
                    "which is neither 0 nor empty",
                    model->name));
  }
  for (const InferInput& input : request.inputs) {
    if (ConfigOf(model).Fills(input.name))
      return Wrong(fmt::format("input \"{}\" is filled by the server", input.name))
          .With(errors::kTensorNameUnknown);
    const bool has_rows = model->signature.IsBatchable() && input.tensor.shape.rank() > 0;
    if (has_rows && input.tensor.shape[0] != 1) {
      return Wrong(fmt::format("a request of a sequence has one row, input \"{}\" has {}",
                               input.name, input.tensor.shape[0]))
          .With(errors::kTensorShapeMismatch);
    }
  }
  return {};
}

/// One request of a sequence while it runs; the request's keeper.
struct Step {
  SequenceHandle sequence;
  std::shared_ptr<const void> keeper;
  SequenceStep place;
  std::vector<TensorBuffer> controls;
  std::vector<TensorBuffer> states;
  std::size_t asked = 0;  ///< outputs that the client wants
  InferCompletion done;
  std::atomic<bool> is_half_over = false;  ///< the call or the completion is over, the other is not
};

class SequencePredictor final : public Predictor {
 public:
  SequencePredictor(Predictor& inner, const SequenceLimits& limits,
                    std::chrono::milliseconds default_deadline, const Clock& clock)
      : inner_(inner),
        clock_(clock),
        default_deadline_(default_deadline),
        table_(limits),
        watch_([this](const std::stop_token& stop) { WatchIdle(stop); }) {}

  ~SequencePredictor() override { StopWatching(); }

  void Stop() override {
    StopWatching();
    inner_.Stop();
  }

  Status Foresee(const ServedModel& model,
                 std::optional<std::chrono::nanoseconds> patience) override {
    return inner_.Foresee(model, patience);
  }
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override {
    return inner_.FinishRound(loop, rejected);
  }

  void Predict(InferRequest&& request, InferCompletion&& done) override {
    if (!(*request.model)->config.sequence_batching)
      return inner_.Predict(std::move(request), std::move(done));
    const MonotonicTime now = clock_.Now();
    const ModelHandle model = request.model;
    if (!request.deadline) request.deadline = now + default_deadline_;
    SequenceTurn turn{.request = std::move(request), .done = std::move(done)};
    Status fits = CheckRequest(turn.request);
    if (!fits.ok()) return Refuse(model, turn.done, std::move(fits), now);
    const bool turn_starts = turn.request.sequence.is_start;
    Result<SequenceHandle> sequence = table_.Join(turn, now);
    if (!sequence.ok()) return Refuse(model, turn.done, std::move(sequence).status(), now);
    if (turn_starts) Wake();
    if (*sequence != nullptr) RunTurns(*sequence);
  }

 private:
  void Refuse(const ModelHandle& model, const InferCompletion& done, Status why,
              MonotonicTime came) {
    const bool is_full = why.code() == Code::kUnavailable;
    model->counters().RecordFailure(
        is_full ? ModelCounters::Failure::kRejected : ModelCounters::Failure::kOther,
        clock_.Now() - came);
    done(std::move(why));
  }

  /// Until none waits, or one is under way whose completion goes on.
  void RunTurns(const SequenceHandle& sequence) {
    while (auto begun = table_.Next(sequence, clock_.Now())) {
      if (!begun->refusal.ok()) {
        Refuse(begun->turn.request.model, begun->turn.done, std::move(begun->refusal),
               clock_.Now());
      } else if (!IsOver(sequence, std::move(*begun))) {
        return;
      }
    }
  }

  /// Runs a turn. False: its completion is to come, and calls RunTurns().
  bool IsOver(const SequenceHandle& sequence, SequenceTable::Begun begun) {
    InferRequest request = std::move(begun.turn.request);
    const ModelHandle model = request.model;
    const auto step = std::make_shared<Step>();
    step->sequence = sequence;
    step->keeper = std::exchange(request.keeper, step);
    step->place = request.sequence;
    step->states = std::move(begun.states);
    step->done = std::move(begun.turn.done);
    if (Status filled = Fill(*step, request); !filled.ok()) {
      table_.Restore(sequence, std::move(step->states), step->place.is_start);
      Refuse(model, step->done, std::move(filled), clock_.Now());
      return true;
    }
    inner_.Predict(std::move(request), [this, step, model](Result<InferResponse> response) {
      Finish(*step, *model, std::move(response));
      if (step->is_half_over.exchange(true)) RunTurns(step->sequence);
    });
    return step->is_half_over.exchange(true);
  }

  static Status Fill(Step& step, InferRequest& request) {
    const ServedModel& model = *request.model;
    const SequenceBatching& config = ConfigOf(model);
    SLIPWAY_TRY(step.controls, MakeControls(config, model->signature, step.place));
    if (step.states.empty()) {
      SLIPWAY_TRY(step.states, FirstStates(config, model->signature));
    }
    step.asked = AddToRequest(config, model->signature, step.controls, step.states, request);
    return {};
  }

  void Finish(Step& step, const ServedModel& model, Result<InferResponse> response) {
    if (response.ok()) {
      Result<std::vector<TensorBuffer>> next = TakeStates(ConfigOf(model), step.asked, *response);
      Status advanced = next.ok()
                            ? table_.Advance(step.sequence, std::move(*next), step.place.is_end)
                            : std::move(next).status();
      if (!next.ok()) table_.Restore(step.sequence, {}, true);
      if (!advanced.ok()) response = std::move(advanced);
    } else {
      table_.Restore(step.sequence, std::move(step.states), step.place.is_start);
    }
    std::exchange(step.done, nullptr)(std::move(response));
  }

  void Wake() {
    const std::lock_guard lock(mutex_);
    any_.notify_one();
  }

  void StopWatching() {
    watch_.request_stop();
    if (watch_.joinable()) watch_.join();
  }

  void WatchIdle(const std::stop_token& stop) {
    NameThread("slipway-idle");
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (table_.EndIdle(clock_.Now())) {
        any_.wait_for(lock, stop, kLookEvery, [] { return false; });
      } else {
        any_.wait(lock, stop, [this] { return table_.size() > 0; });
      }
    }
  }

  Predictor& inner_;
  const Clock& clock_;
  const std::chrono::milliseconds default_deadline_;
  SequenceTable table_;
  std::mutex mutex_;  // guards nothing: a condition needs one
  std::condition_variable_any any_;
  std::jthread watch_;  // last: it uses the members above
};

}  // namespace

std::unique_ptr<Predictor> KeepSequences(Predictor& inner, const SequenceLimits& limits,
                                         std::chrono::milliseconds default_deadline,
                                         const Clock& clock) {
  return std::make_unique<SequencePredictor>(inner, limits, default_deadline, clock);
}

}  // namespace slipway::serve
