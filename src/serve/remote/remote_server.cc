#include "serve/remote/remote_server.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <random>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/predict/run_task.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;

// A call that had so long, or the whole time-out, tells something of the server.
constexpr milliseconds kTellingTime{1000};
constexpr milliseconds kFirstPause{20};  // at most; twice as long before the next try

struct OutcomeName {
  Code code;
  const char* name;
};
constexpr std::array<OutcomeName, 5> kOutcomes = {
    OutcomeName{Code::kOk, "ok"}, OutcomeName{Code::kUnavailable, "unavailable"},
    OutcomeName{Code::kDeadlineExceeded, "timeout"}, OutcomeName{Code::kCancelled, "cancelled"},
    OutcomeName{Code::kInternal, "error"}};  // the last: any other

/// At random up to a bound that doubles, so that callers that failed together do not come together.
milliseconds PauseBefore(unsigned tries, std::minstd_rand& random) {
  const milliseconds most = kFirstPause * (1U << std::min(tries - 1, 6U));
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(1, most.count())(random));
}

}  // namespace

RemoteServer::RemoteServer(RemoteServerOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      interrupt_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      breaker_(options_.circuit),
      random_(std::random_device()()) {}

void RemoteServer::Infer(RemoteRequest request, InferCompletion done) {
  const MonotonicTime now = clock_.Now();
  const MonotonicTime deadline = std::min(request.deadline, now + options_.timeout);
  Call call{
      .request = std::move(request), .done = std::move(done), .arrived = now, .deadline = deadline};
  Status queued = Queue(call);
  if (queued.ok()) return;
  Count(queued);
  call.done(std::move(queued));
}

Status RemoteServer::Queue(Call& call) {
  const std::lock_guard lock(mutex_);
  if (has_ended_) return ServerEnds();
  if (breaker_.state(call.arrived) == CircuitBreaker::State::kOpen) return NotAsked();
  if (calls_.size() >= options_.max_queued) {
    return Unavailable(fmt::format("{} requests wait for server \"{}\" already",
                                   options_.max_queued, options_.name))
        .With(errors::kQueueFull);
  }
  calls_.push_back(std::move(call));
  if (calls_.size() > idle_ && threads_.size() < options_.connections)
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  added_.notify_one();
  return {};
}

void RemoteServer::Stop() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    threads.swap(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
  // Full only if it was written 2^64 times.
  (void)eventfd_write(interrupt_.get(), 1);
  threads.clear();
  std::deque<Call> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(calls_);
  }
  for (const Call& call : left) call.done(ServerEnds());
}

std::optional<RemoteServer::Call> RemoteServer::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ++idle_;
  added_.wait(lock, stop, [this] { return !calls_.empty(); });
  --idle_;
  if (stop.stop_requested()) return std::nullopt;
  Call call = std::move(calls_.front());
  calls_.pop_front();
  return call;
}

void RemoteServer::Work(const std::stop_token& stop) {
  NameThread("slipway-remote");
  const std::unique_ptr<RemoteConnection> connection =
      RemoteConnection::Make(options_, interrupt_.get());
  while (std::optional<Call> call = Next(stop)) Do(*std::move(call), *connection, stop);
}

void RemoteServer::Do(Call call, RemoteConnection& connection, const std::stop_token& stop) {
  const MonotonicTime began = clock_.Now();
  Result<std::vector<TensorBuffer>> tensors = TryUntilDone(call, connection, stop);
  Count(tensors.status());
  if (!tensors.ok()) return call.done(std::move(tensors).status());
  InferResponse response{.model = nullptr,
                         .outputs = {},
                         .times = {.queue = began - call.arrived, .compute = clock_.Now() - began},
                         .run = {}};
  for (TensorBuffer& tensor : *tensors) response.outputs.emplace_back(nullptr, std::move(tensor));
  call.done(std::move(response));
}

Result<std::vector<TensorBuffer>> RemoteServer::TryUntilDone(const Call& call,
                                                             RemoteConnection& connection,
                                                             const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    budget_.NoteCall();
  }
  SLIPWAY_RETURN_IF_ERROR(connection.Prepare(call.request));
  for (unsigned tries = 1;; ++tries) {
    SLIPWAY_RETURN_IF_ERROR(Admit(call));
    RemoteOutcome outcome = TryOnce(call, connection);
    if (stop.stop_requested()) return ServerEnds();
    NoteHealth(outcome.health, outcome.outputs.status());
    if (!MayTryAgain(outcome, tries)) return std::move(outcome.outputs);
    retries_.Add();
    WaitBefore(tries, stop);
  }
}

Status RemoteServer::Admit(const Call& call) {
  if (call.request.abandoned && call.request.abandoned()) return ClientGone();
  const MonotonicTime now = clock_.Now();
  if (now >= call.deadline) return DeadlinePassed();
  const std::lock_guard lock(mutex_);
  return breaker_.Admit(now) ? Status() : NotAsked();
}

RemoteOutcome RemoteServer::TryOnce(const Call& call, RemoteConnection& connection) {
  const MonotonicTime began = clock_.Now();
  RemoteOutcome outcome = connection.Try(call.deadline);
  if (clock_.Now() - began < std::min(kTellingTime, options_.timeout)) ExcuseLateness(outcome);
  return outcome;
}

void RemoteServer::NoteHealth(RemoteOutcome::Health health, const Status& why) {
  const MonotonicTime now = clock_.Now();
  CircuitBreaker::State before;
  CircuitBreaker::State after;
  {
    const std::lock_guard lock(mutex_);
    before = breaker_.state(now);
    if (health == RemoteOutcome::Health::kAlive) breaker_.Succeeded();
    if (health == RemoteOutcome::Health::kFailing) breaker_.Failed(now);
    if (health == RemoteOutcome::Health::kUnknown) breaker_.Unknown();
    after = breaker_.state(now);
  }
  if (before == after) return;
  const std::string where = fmt::format("server \"{}\" at {}", options_.name, options_.Origin());
  if (after == CircuitBreaker::State::kOpen)
    Log(LogLevel::kWarning, "{} is not asked for a while: {}", where, why.ToString());
  if (after == CircuitBreaker::State::kClosed) Log(LogLevel::kInfo, "{} is asked again", where);
}

bool RemoteServer::MayTryAgain(const RemoteOutcome& outcome, unsigned tries) {
  if (outcome.outputs.ok() || !outcome.may_retry) return false;
  if (tries >= RemoteServerOptions::kMostTries) return false;
  const std::lock_guard lock(mutex_);
  return breaker_.state(clock_.Now()) == CircuitBreaker::State::kClosed && budget_.Take();
}

void RemoteServer::WaitBefore(unsigned tries, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, stop, PauseBefore(tries, random_), [] { return false; });
}

Status RemoteServer::NotAsked() const {
  return Unavailable(fmt::format("server \"{}\" failed several times, and is not asked for a while",
                                 options_.name))
      .With(errors::kRemoteUnavailable);
}

void RemoteServer::Count(const Status& outcome) {
  const auto* row = std::ranges::find(kOutcomes, outcome.code(), &OutcomeName::code);
  const auto last = static_cast<std::ptrdiff_t>(kOutcomes.size()) - 1;
  requests_[static_cast<std::size_t>(std::min(row - kOutcomes.begin(), last))].Add();
}

RemoteFacts RemoteServer::Facts() const {
  RemoteFacts facts{.server = options_.name, .requests = {}, .retries = retries_.Value()};
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    facts.requests.emplace_back(kOutcomes[i].name, requests_[i].Value());
  const std::lock_guard lock(mutex_);
  facts.circuit = breaker_.state(clock_.Now());
  return facts;
}

std::string RemoteServer::WhyNotAsked() const {
  const std::lock_guard lock(mutex_);
  const bool is_open = breaker_.state(clock_.Now()) == CircuitBreaker::State::kOpen;
  return is_open ? NotAsked().message() : std::string();
}

}  // namespace slipway::serve
