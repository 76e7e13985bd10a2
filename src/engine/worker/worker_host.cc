#include "engine/worker/worker_host.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "engine/worker/process_sample.h"
#include "sandbox/drain.h"
#include "sandbox/spawn.h"

namespace slipway::engine {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::size_t kMaxErrors = 16 << 10;  // of what a worker writes to standard error

/// By the process's handle, which names it and nobody else. Where a filter of the server's own
/// forbids that, by its number, which nobody else has before it was waited for.
void KillProcess(const sandbox::Child& child) {
  const bool is_sent = syscall(SYS_pidfd_send_signal, child.handle.get(), SIGKILL, nullptr, 0) == 0;
  if (!is_sent && child.id > 0) kill(child.id, SIGKILL);
}

int WaitForEnd(const sandbox::Child& child) {
  int wait_status = 0;
  while (waitpid(child.id, &wait_status, 0) < 0 && errno == EINTR) {
  }
  return wait_status;
}

/// The last line that is not empty, which says the most.
std::string LastWords(std::string_view errors) {
  std::string_view last;
  for (const std::string_view line : Split(errors, '\n')) {
    if (!Trim(line).empty()) last = Trim(line);
  }
  return last.empty() ? "" : fmt::format(" ({})", Printable(last));
}

Status Ended(const std::string& how) {
  return Unavailable(fmt::format("the model's process {}", how))
      .With(errors::kEngineWorkerEnded)
      .Hint("try again: it is started anew");
}

}  // namespace

/// One process.
struct WorkerHost::Worker {
  sandbox::Child child;
  std::shared_ptr<SlotPool> slots;
  HangJudge judge;
  MonotonicTime load_until;
  bool is_loading = true;
  std::string answer;
  std::string errors;
  std::optional<std::pair<WorkerEnd, std::string>> killed;  ///< by us, and why
};

/// One post, and the process it has, if it has one now.
struct WorkerHost::Seat {
  std::shared_ptr<WorkerPost> post;
  EndWindow ends;
  std::unique_ptr<Worker> worker;
  std::optional<MonotonicTime> due;  ///< when to start the next
  bool has_news = false;             ///< its worker says something, or has ended
};

std::string_view WorkerEndName(WorkerEnd end) {
  switch (end) {
    case WorkerEnd::kCrash:
      return "crash";
    case WorkerEnd::kHang:
      return "hang";
    case WorkerEnd::kNonsense:
      return "nonsense";
    case WorkerEnd::kKilled:
      return "killed";
  }
  return "crash";
}

Result<std::shared_ptr<WorkerHost>> WorkerHost::Start(WorkerOptions options) {
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return ErrnoStatus(errno, "cannot keep processes of models");
  return std::shared_ptr<WorkerHost>(new WorkerHost(std::move(options), std::move(wake)));
}

WorkerHost::WorkerHost(WorkerOptions options, FileDescriptor wake)
    : options_(std::move(options)),
      wake_(std::move(wake)),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {}

WorkerHost::~WorkerHost() {
  thread_.request_stop();
  Wake();
  thread_.join();
}

void WorkerHost::Open(std::shared_ptr<WorkerPost> post) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back({std::move(post), true});
  }
  Wake();
}

void WorkerHost::Close(const std::shared_ptr<WorkerPost>& post) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back({post, false});
  }
  Wake();
  post->AwaitGone();
}

void WorkerHost::Condemn(std::shared_ptr<SlotPool> slots) {
  {
    const std::lock_guard lock(mutex_);
    condemned_.push_back(std::move(slots));
  }
  Wake();
}

WorkerHost::Counts WorkerHost::counts() const {
  Counts counts{.running = running_.load(),
                .restarts = restarts_.load(),
                .quarantined = quarantined_.load(),
                .woken = woken_.load(),
                .refused = refused_.load()};
  for (std::size_t i = 0; i < kWorkerEnds; ++i) counts.ended[i] = ended_[i].load();
  return counts;
}

void WorkerHost::Wake() const { eventfd_write(wake_.get(), 1); }

void WorkerHost::Work(const std::stop_token& stop) {
  NameThread("slipway-workers");
  while (!stop.stop_requested()) {
    AwaitNews(NextTask());
    FollowOrders();
    const MonotonicTime now = SteadyClock::now();
    const bool looks = now >= next_look_;
    if (looks) next_look_ = now + kLookEvery;
    for (const std::unique_ptr<Seat>& seat : seats_) {
      if (seat->worker != nullptr && seat->has_news) Hear(*seat);
      if (looks && seat->worker != nullptr) Look(*seat, now);
      if (seat->due && now >= *seat->due) Start(*seat);
    }
  }
  FollowOrders();
  while (!seats_.empty()) FollowOrder({seats_.back()->post, false});
}

MonotonicTime WorkerHost::NextTask() const {
  MonotonicTime next = MonotonicTime::max();
  for (const std::unique_ptr<Seat>& seat : seats_) {
    if (seat->worker != nullptr) next = std::min(next, next_look_);
    if (seat->due) next = std::min(next, *seat->due);
  }
  return next;
}

void WorkerHost::AwaitNews(MonotonicTime until) const {
  std::vector<pollfd> waiting = {{wake_.get(), POLLIN, 0}};
  for (const std::unique_ptr<Seat>& seat : seats_) {
    if (seat->worker == nullptr) continue;
    waiting.push_back({seat->worker->child.handle.get(), POLLIN, 0});
    waiting.push_back({seat->worker->child.result.get(), POLLIN, 0});
    waiting.push_back({seat->worker->child.errors.get(), POLLIN, 0});
  }
  int milliseconds = -1;
  if (until != MonotonicTime::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  poll(waiting.data(), waiting.size(), milliseconds);
  std::size_t next = 1;
  for (const std::unique_ptr<Seat>& seat : seats_) {
    if (seat->worker == nullptr) continue;
    const auto theirs = std::span(waiting).subspan(next, 3);
    seat->has_news =
        std::ranges::any_of(theirs, [](const pollfd& one) { return one.revents != 0; });
    next += theirs.size();
  }
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
}

void WorkerHost::FollowOrders() {
  std::vector<Order> orders;
  std::vector<std::shared_ptr<SlotPool>> condemned;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(orders_);
    condemned.swap(condemned_);
  }
  for (const std::shared_ptr<SlotPool>& slots : condemned) {
    for (const std::unique_ptr<Seat>& seat : seats_) {
      if (seat->worker != nullptr && seat->worker->slots == slots)
        Kill(*seat->worker, WorkerEnd::kNonsense, "wrote nonsense where its answer belongs");
    }
  }
  for (const Order& order : orders) FollowOrder(order);
}

void WorkerHost::FollowOrder(const Order& order) {
  if (order.opens) {
    seats_.push_back(std::make_unique<Seat>(
        Seat{.post = order.post, .ends = EndWindow(options_.ends), .worker = {}, .due = {}}));
    Start(*seats_.back());
    return;
  }
  const auto seat =
      std::ranges::find(seats_, order.post, [](const auto& each) { return each->post; });
  if (seat != seats_.end()) {
    if ((*seat)->worker != nullptr) {
      KillProcess((*seat)->worker->child);
      WaitForEnd((*seat)->worker->child);
      (*seat)->worker->slots->Close(Ended("was ended: the model is unloaded"));
      running_.fetch_sub(1);
    }
    seats_.erase(seat);
  }
  order.post->Leave();
}

void WorkerHost::Start(Seat& seat) {
  seat.due.reset();
  Result<std::unique_ptr<Worker>> worker = Spawn(*seat.post);
  if (!worker.ok())
    return CountEnd(seat, WorkerEnd::kCrash,
                    fmt::format("did not start: {}", worker.status().ToString()));
  seat.worker = *std::move(worker);
  seat.post->Started(seat.worker->child.id);
  running_.fetch_add(1);
}

Result<std::unique_ptr<WorkerHost::Worker>> WorkerHost::Spawn(WorkerPost& post) const {
  SLIPWAY_TRY(SlotMemory memory, SlotMemory::Create(post.task().memory));
  SLIPWAY_TRY(sandbox::Child child,
              sandbox::Spawn({.path = options_.program,
                              .arguments = EncodeTask(post.task()),
                              .descriptors = {{memory.descriptor(), kWorkerMemory}},
                              .result_descriptor = kWorkerAnswer,
                              .max_data_bytes = options_.memory_bytes,
                              .may_have_threads = true,
                              .time_limit = std::chrono::milliseconds(0)}));
  return std::make_unique<Worker>(Worker{.child = std::move(child),
                                         .slots = std::make_shared<SlotPool>(std::move(memory)),
                                         .judge = HangJudge(options_.hang),
                                         .load_until = SteadyClock::now() + options_.load_limit});
}

void WorkerHost::Hear(Seat& seat) {
  Worker& worker = *seat.worker;
  if (worker.child.errors.valid() && sandbox::Drain(worker.child.errors.get(), kMaxErrors, true,
                                                    worker.errors) == sandbox::Drained::kEnd)
    worker.child.errors.Close();
  if (worker.child.result.valid()) HearAnswer(seat);
  pollfd end{worker.child.handle.get(), POLLIN, 0};
  if (poll(&end, 1, 0) == 1) Reap(seat);
}

void WorkerHost::HearAnswer(Seat& seat) {
  Worker& worker = *seat.worker;
  const sandbox::Drained drained =
      sandbox::Drain(worker.child.result.get(), kMaxWorkerAnswer, false, worker.answer);
  if (drained == sandbox::Drained::kMore) return;
  worker.child.result.Close();
  if (worker.answer.empty()) return;  // it has ended, or will
  const Result<WorkerReady> ready = DecodeReady(worker.answer);
  if (!ready.ok() && !seat.post->WasReady()) return seat.post->FailFirst(ready.status());
  if (!ready.ok())
    return Kill(worker, WorkerEnd::kCrash,
                fmt::format("could not load the model again: {}", ready.status().ToString()));
  TellOfMeans(*ready);
  worker.is_loading = false;
  if (!seat.post->Ready(worker.slots, ready->signature))
    Kill(worker, WorkerEnd::kNonsense, "found another model where the first one lay");
}

void WorkerHost::TellOfMeans(const WorkerReady& ready) {
  if (ready.landlock || std::exchange(told_of_means_, true)) return;
  Log(LogLevel::kWarning,
      "this kernel has no Landlock: model processes are confined by their system-call filter "
      "alone");
}

void WorkerHost::Kill(Worker& worker, WorkerEnd why, std::string how) {
  if (!worker.killed) worker.killed.emplace(why, std::move(how));
  KillProcess(worker.child);
}

void WorkerHost::Reap(Seat& seat) {
  const std::unique_ptr<Worker> worker = std::move(seat.worker);
  sandbox::ConfinedEnd end;
  end.NoteWait(WaitForEnd(worker->child));
  running_.fetch_sub(1);
  if (worker->child.errors.valid())
    sandbox::Drain(worker->child.errors.get(), kMaxErrors, true, worker->errors);
  std::string how = worker->killed ? worker->killed->second : end.Describe();
  how += LastWords(worker->errors);
  const bool by_others = end.signal == SIGKILL && !worker->killed;
  const WorkerEnd why = worker->killed ? worker->killed->first
                        : by_others    ? WorkerEnd::kKilled
                                       : WorkerEnd::kCrash;
  seat.post->Ended();
  CountEnd(seat, why, how);
  // Last: whoever fails by it finds it counted.
  for (const SlotPool::LeftRun& left : worker->slots->Close(Ended(how)))
    seat.post->Accuse(left.inputs, left.in_trial);
}

/// The next worker, if there shall be one.
void WorkerHost::CountEnd(Seat& seat, WorkerEnd end, const std::string& how) {
  WorkerPost& post = *seat.post;
  if (!post.WasReady()) {
    return post.FailFirst(InvalidArgument(fmt::format("the process that loaded the model {}", how))
                              .With(errors::kEngineRejectedModel));
  }
  ended_[static_cast<std::size_t>(end)].fetch_add(1);
  const MonotonicTime now = SteadyClock::now();
  seat.ends.Note(now);
  if (seat.ends.IsTooMuch()) {
    quarantined_.fetch_add(1);
    const std::string reason = fmt::format(
        "the model ended its process {} times in {} s and is not started again; the "
        "last one {}",
        seat.ends.count(), options_.ends.within.count(), how);
    Log(LogLevel::kError, "model {}: {}", post.title(), reason);
    return post.Quarantine(Unavailable(reason)
                               .With(errors::kEngineQuarantined)
                               .Hint("slipway load tries it once more"));
  }
  Log(LogLevel::kWarning,
      "the process of model {} {}; it is started again ({} of {} times in {} s)", post.title(), how,
      seat.ends.count(), options_.ends.most - 1, options_.ends.within.count());
  restarts_.fetch_add(1);
  seat.due = now + seat.ends.Pause();
}

void WorkerHost::Look(Seat& seat, MonotonicTime now) {
  Worker& worker = *seat.worker;
  if (worker.is_loading) {
    if (now >= worker.load_until)
      Kill(worker, WorkerEnd::kHang,
           fmt::format("took longer than {} s to load", options_.load_limit.count() / 1000));
    return;
  }
  WorkerSample sample{.at = now.time_since_epoch(), .runs = worker.slots->Unanswered(now)};
  if (!HangJudge::IsWorthALook(sample.runs, kLookEvery)) sample.runs.clear();
  if (!sample.runs.empty()) {
    const pid_t process = worker.child.id;
    for (RunSample& run : sample.runs)
      run.cpu_time = CpuTimeOfThread(process, worker.slots->ThreadOf(run.slot));
    sample.is_asleep = IsAsleep(process);
    sample.cpu_time = CpuTimeOf(process);
  }
  const Judgement judgement = worker.judge.Next(sample);
  if (judgement == Judgement::kHung) Kill(worker, WorkerEnd::kHang, worker.judge.reason());
  if (judgement != Judgement::kWake) return;
  woken_.fetch_add(1);
  worker.slots->WakeFor(sample.runs);
}

}  // namespace slipway::engine
