#include "serve/predict/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error_catalogue.h"
#include "base/heap.h"
#include "base/text.h"
#include "base/thread.h"
#include "serve/predict/admission.h"
#include "serve/predict/cohort.h"
#include "serve/predict/predict_task.h"
#include "serve/predict/run_task.h"
#include "serve/predict/run_together.h"
#include "serve/predict/run_trial.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {
namespace {

// How late an answer to an expired request may be while all workers are busy.
constexpr std::chrono::milliseconds kSweepEvery{50};
// So much collected work is not put off any longer, and no shared run is longer.
constexpr std::chrono::microseconds kLongestCohort{500};
// No shared run of a worker is expected to be longer: those behind it wait for it.
constexpr std::chrono::milliseconds kLongestShared{250};
// A run on an event loop that takes so long is ended, and begun anew by a worker.
constexpr std::chrono::milliseconds kLongestOnLoop{20};
// What a loop leaves to the workers for each request that it refuses: some nine times what that
// costs, which comes before all that they do; what it costs them to be interrupted is part of it.
constexpr std::chrono::microseconds kRestForARefusal{125};
// So much of a request that was read before it was refused costs as much as to refuse one.
constexpr std::uint64_t kReadAtTheCostOfOne = 40 * 1024;

constexpr std::chrono::nanoseconds kNotKnown{0};

Status Overloaded(std::string message) {
  return Unavailable(std::move(message)).With(errors::kQueueFull);
}

class ThreadedPredictor final : public Predictor {
 public:
  ThreadedPredictor(const PredictorOptions& options, const Clock& clock)
      : options_(options),
        clock_(clock),
        on_worker_{.clock = clock, .max_run_bytes = options.max_run_bytes},
        on_loop_{.clock = clock,
                 .max_run_bytes = options.max_run_bytes,
                 .overflow = &waiting_,
                 .longest = kLongestOnLoop},
        waiting_(clock, options.shares_runs),
        refused_(options.loops),
        cohorts_(options.loops) {
    for (unsigned i = 0; i < std::max(options.workers, 1U); ++i)
      threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    threads_.emplace_back([this](const std::stop_token& stop) { WatchDeadlines(stop); });
  }

  ~ThreadedPredictor() override { Stop(); }

  void Stop() override {
    waiting_.Close();
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    for (const PredictTask& task : waiting_.TakeAll()) RefuseTask(task, ServerEnds(), clock_.Now());
  }

  void Predict(InferRequest&& request, InferCompletion&& done) override {
    std::optional<PredictTask> task =
        BeginTask(std::move(request), std::move(done), options_.default_deadline, clock_);
    if (!task) return;
    SetPriority(*task);
    Admit(*task);
  }

  Status Foresee(const ServedModel& model,
                 std::optional<std::chrono::nanoseconds> patience) override {
    const auto waiting = static_cast<std::size_t>(model.counters().waiting().Value());
    if (waiting == 0) return {};
    const Admission admission =
        DecideAdmission({.pace = PaceOf(model, clock_.Now()),
                         .remaining = patience.value_or(options_.default_deadline),
                         .waiting = waiting,
                         .lower = model->config.dynamic_batching ? waiting : 0},
                        options_);
    if (admission != Admission::kQueueFull && admission != Admission::kTooLate) return {};
    model.counters().RecordFailure(ModelCounters::Failure::kRejected, std::chrono::nanoseconds(0));
    return WhyRefused(admission, model);
  }

  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override {
    if (loop >= cohorts_.size()) return {};
    cohorts_[loop].Run(kLongestCohort, on_loop_);
    if (waiting_.count() == 0) rejected = 0;
    return kRestForARefusal * (std::exchange(refused_[loop], 0) + rejected);
  }

 private:
  static void SetPriority(PredictTask& task) {
    const ModelConfig& config = (*task.request.model)->config;
    if (!config.dynamic_batching.has_value()) return;
    task.level = PriorityLevel(config, task.request.priority);
    task.run.priority = task.level;
    const QueuePolicy& policy = PolicyOf(config, task.level);
    if (policy.default_timeout.count() > 0) task.expires = task.checked + policy.default_timeout;
    task.yields_when_expired = policy.timeout_action == QueuePolicy::TimeoutAction::kDelay;
  }

  void RunHere(PredictTask& task) {
    const std::optional<unsigned> loop = task.request.loop;
    if (!loop || *loop >= cohorts_.size() || !Cohort::MayHold(task)) {
      const MonotonicTime now = task.checked;
      if ((*task.request.model)->batches.IsKnown())
        task.run.batch_end = Cohort::MayHold(task) ? BatchEnd::kNobodyElse : BatchEnd::kBestSize;
      return RunTask(task, now, on_loop_);
    }
    Cohort& cohort = cohorts_[*loop];
    cohort.Add(std::move(task));
    if (cohort.run_time() >= kLongestCohort) cohort.Run(kLongestCohort, on_loop_);
  }

  static ServedModel::Pace PaceOf(const ServedModel& model, MonotonicTime now) {
    return model.IsPredictable(now) ? model.PaceOfLate() : ServedModel::Pace();
  }

  static bool MayRunHere(const PredictTask& task) {
    const ServedModel& model = *task.request.model;
    return !task.request.only_on_worker && model.IsPredictable(task.checked) && model.IsInMemory();
  }

  void Admit(PredictTask& task) {
    const ServedModel& model = *task.request.model;
    const Admission admission =
        DecideAdmission({.run_time = MayRunHere(task) ? model->run_time : kNotKnown,
                         .pace = PaceOf(model, task.checked),
                         .rows = task.bound.rows,
                         .remaining = task.deadline - task.checked,
                         .waiting = static_cast<std::size_t>(model.counters().waiting().Value()),
                         .lower = task.level > 0 ? waiting_.CountBelow(model, task.level) : 0,
                         .awaits_company = options_.shares_runs && model.AwaitsCompany(),
                         .request_bytes = task.bound.bytes,
                         .waiting_bytes = waiting_.bytes()},
                        options_);
    switch (admission) {
      case Admission::kRunHere:
        return RunHere(task);
      case Admission::kWait:
        if (Status added = waiting_.Add(task); !added.ok()) Refuse(task, std::move(added));
        return;
      default:
        return Refuse(task, WhyRefused(admission, model));
    }
  }

  void Refuse(const PredictTask& task, Status why) {
    const std::optional<unsigned> loop = task.request.loop;
    if (loop && *loop < refused_.size())
      refused_[*loop] += 1 + static_cast<unsigned>(task.bound.bytes / kReadAtTheCostOfOne);
    RefuseTask(task, std::move(why), task.checked);
  }

  Status WhyRefused(Admission admission, const ServedModel& model) const {
    switch (admission) {
      case Admission::kQueueFull:
        return Overloaded(fmt::format("{} requests wait for model \"{}\" already",
                                      options_.max_queued, model->name));
      case Admission::kMemoryFull:
        return Overloaded(fmt::format("requests that wait hold {} already",
                                      HumanBytes(options_.max_queued_bytes)));
      case Admission::kTooLate:
        return Overloaded(
            fmt::format("the requests that wait for model \"{}\" take longer than the deadline "
                        "allows",
                        model->name));
      default:
        return DeadlinePassed();
    }
  }

  void Work(const std::stop_token& stop) {
    NameThread("slipway-worker");
    UseHugePages();
    GiveWay();  // a request for a quick model, on a loop, does not wait out a slow one's run
    while (std::optional<WaitingBatch> batch = waiting_.Next(stop)) {
      if (batch->is_whole) {
        RunWhole(*batch);
      } else {
        RunOnWorker(std::move(batch->tasks.front()));
      }
    }
  }

  /// As their model's configuration closed the batch.
  void RunWhole(WaitingBatch& batch) {
    batch.tasks.front().request.model->counters().RecordBatchEnd(batch.end);
    RunBatch(batch.tasks, batch.end);
  }

  void RunBatch(std::vector<PredictTask>& batch, BatchEnd end) {
    std::vector<PredictTask*> together;
    for (PredictTask& task : batch) {
      task.run.batch_end = end;
      together.push_back(&task);
    }
    RunTogether(together, on_worker_);
  }

  /// With those that wait for the same model, where that pays.
  void RunOnWorker(PredictTask first) {
    const ModelHandle model = first.request.model;
    if (!options_.shares_runs || !model->SharesRuns())
      return RunTask(first, clock_.Now(), on_worker_);
    const MonotonicTime now = clock_.Now();
    const auto longest = std::min<std::chrono::nanoseconds>(kLongestShared, first.deadline - now);
    BatchLearner::Plan plan;
    std::vector<PredictTask> batch =
        waiting_.TakePartners(first, [&](std::span<const std::int64_t> rows) {
          plan = model->PlanBatch(rows, longest);
          return plan.requests;
        });
    model->counters().RecordBatchEnd(plan.end);
    first.run.batch_end = plan.end;
    if (plan.is_trial) return RunTrial(std::move(first), now, on_worker_);
    if (batch.empty()) return RunTask(first, now, on_worker_);
    batch.insert(batch.begin(), std::move(first));
    RunBatch(batch, plan.end);
  }

  // A request whose deadline passes is answered though every worker is busy. Sleeps while nothing
  // waits.
  void WatchDeadlines(const std::stop_token& stop) {
    NameThread("slipway-watch");
    std::mutex mutex;
    std::condition_variable_any pause;
    while (waiting_.WaitUntilAny(stop)) {
      std::unique_lock lock(mutex);
      pause.wait_for(lock, stop, kSweepEvery, [] { return false; });
      const MonotonicTime now = clock_.Now();
      for (const PredictTask& task : waiting_.TakeHopeless(now)) {
        Status why = WhyNotRun(task, now);
        RefuseTask(task, why.ok() ? ClientGone() : std::move(why), now);
      }
    }
  }

  const PredictorOptions options_;
  const Clock& clock_;
  const RunContext on_worker_;
  const RunContext on_loop_;
  WaitingRequests waiting_;
  std::vector<unsigned> refused_;      // in the round; as cohorts_
  std::vector<Cohort> cohorts_;        // each touched by its loop's thread alone
  std::vector<std::jthread> threads_;  // last: they use the members above
};

}  // namespace

std::unique_ptr<Predictor> Predictor::Create(const PredictorOptions& options, const Clock& clock) {
  return std::make_unique<ThreadedPredictor>(options, clock);
}

}  // namespace slipway::serve
