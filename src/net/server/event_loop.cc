#include "net/server/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/heap.h"
#include "base/thread.h"
#include "net/http/http_types.h"
#include "net/http/response_head.h"
#include "net/server/connection.h"

namespace slipway::net {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
/// After so long the answers that are there are written, and the round goes on as another.
constexpr std::chrono::microseconds kLongestRound{250};
/// A rest that is longer than one may be goes on after the next rounds, so much of it at most.
constexpr std::chrono::milliseconds kMostRestOwed{100};

}  // namespace

EventLoop::EventLoop(std::chrono::milliseconds tick, HttpService& service, unsigned number)
    : tick_(tick), service_(service), number_(number), scratch_(kScratchBytes) {}

EventLoop::~EventLoop() = default;

Status EventLoop::Open() {
  ready_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!ready_.valid()) return ErrnoStatus(errno, "cannot make an event loop");
  wake_ = FileDescriptor(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  // Each write is told of once, so that nothing need be read.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (!wake_.valid() || epoll_ctl(ready_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    return ErrnoStatus(errno, "cannot make an event loop");
  return {};
}

void EventLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void EventLoop::Run() {
  NameThread("slipway-loop");
  TakeShortTurns();
  KeepFreedBlocks();
  thread_id_ = std::this_thread::get_id();
  while (!stopping_) {
    Wait();
    RunPosted();
    RunTimers();
    do {
      RunRounds();
      FinishRound();  // of what posted tasks put off
    } while (!enlisted_.empty());
    Rest();
  }
  End();
}

void EventLoop::Wait() {
  epoll_event events[kMostInARound];
  const bool owes_rest = rest_ > rest_.zero();
  const MonotonicTime began = owes_rest ? std::chrono::steady_clock::now() : MonotonicTime();
  const int count =
      epoll_wait(ready_.get(), events, static_cast<int>(most_in_a_round_), WaitMilliseconds());
  if (owes_rest) rest_ -= std::min(rest_, std::chrono::steady_clock::now() - began);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr != nullptr)
      static_cast<Watcher*>(events[i].data.ptr)->OnReady(events[i].events);
  }
}

void EventLoop::Rest() {
  rest_ = std::min<std::chrono::nanoseconds>(rest_, kMostRestOwed);
  most_in_a_round_ = MostInARoundAfter(most_in_a_round_, rest_);
  if (rest_ == rest_.zero()) return;
  const auto now = std::min<std::chrono::nanoseconds>(rest_, kLongestRest);
  rest_ -= now;
  std::this_thread::sleep_for(now);
}

std::size_t EventLoop::MostInARoundAfter(std::size_t most, std::chrono::nanoseconds wanted) {
  if (wanted < kLongestRest / 2) return std::min(2 * most, kMostInARound);
  if (wanted <= kLongestRest) return most;
  const double part = std::chrono::duration<double>(kLongestRest) / wanted;
  return std::max(std::size_t{1}, static_cast<std::size_t>(part * static_cast<double>(most)));
}

int EventLoop::WaitMilliseconds() const {
  if (posted_here_) return 0;
  if (timers_.empty()) return -1;
  const auto first = std::ranges::min_element(timers_, {}, &Timer::when)->when;
  const auto left = first - std::chrono::steady_clock::now();
  return std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

void EventLoop::Stop() {
  if (!thread_.joinable()) return;
  Post([this] {
    stopping_ = true;
    ForEach([](Connection& connection) { connection.Abort(); });
  });
  thread_.join();
}

/// What was posted until now still runs; what comes later is dropped.
void EventLoop::End() {
  std::vector<std::function<void()>> late;
  do {
    for (const std::function<void()>& task : late) task();
    late.clear();
    std::lock_guard lock(mutex_);
    late.swap(posted_);
    ended_ = late.empty();
  } while (!late.empty());
}

void EventLoop::Post(std::function<void()> task) {
  bool is_first = false;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    is_first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!is_first) return;
  if (IsCurrent()) {
    posted_here_ = true;
  } else {
    const std::uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);  // fails only if 2^64 - 1 are not yet told of
  }
}

void EventLoop::RunPosted() {
  posted_here_ = false;
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) task();
}

bool EventLoop::Watch(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  return epoll_ctl(ready_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void EventLoop::ChangeWatch(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  epoll_ctl(ready_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void EventLoop::Unwatch(int descriptor) {
  epoll_ctl(ready_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventLoop::RunAfter(std::chrono::milliseconds delay, std::function<void()> task) {
  timers_.push_back({std::chrono::steady_clock::now() + delay, std::move(task)});
}

void EventLoop::RunTimers() {
  if (timers_.empty()) return;
  const MonotonicTime now = std::chrono::steady_clock::now();
  const auto due = std::partition(timers_.begin(), timers_.end(),
                                  [now](const Timer& timer) { return timer.when > now; });
  const std::vector<Timer> ripe(std::make_move_iterator(due),
                                std::make_move_iterator(timers_.end()));
  timers_.erase(due, timers_.end());
  for (const Timer& timer : ripe) timer.task();
}

void EventLoop::Enlist(std::shared_ptr<Connection> connection) {
  enlisted_.push_back(std::move(connection));
}

void EventLoop::RunRounds() {
  while (!enlisted_.empty()) {
    round_.swap(enlisted_);
    std::size_t first = 0;
    MonotonicTime began = std::chrono::steady_clock::now();
    MonotonicTime now = began;
    for (std::size_t i = 0; i < round_.size(); ++i) {
      round_[i]->Work(now);
      now = std::chrono::steady_clock::now();
      if (now - began < kLongestRound && i + 1 < round_.size()) continue;
      EndRound(first, i + 1);
      first = i + 1;
      began = now;
    }
    round_.clear();
  }
}

void EventLoop::EndRound(std::size_t first, std::size_t last) {
  FinishRound();
  for (std::size_t i = first; i < last; ++i) round_[i]->Flush();
}

void EventLoop::FinishRound() {
  rest_ += service_.FinishRound(number_, std::exchange(rejected_, 0));
}

bool EventLoop::IsCurrent() const { return thread_id_.load() == std::this_thread::get_id(); }

std::string_view EventLoop::Date() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second_) {
    date_second_ = now.tv_sec;
    date_ = FormatHttpDate(now.tv_sec);
  }
  return date_;
}

EventLoop::Connections::iterator EventLoop::Add(std::shared_ptr<Connection> connection) {
  connections_.push_back(std::move(connection));
  ArmTick();
  return std::prev(connections_.end());
}

void EventLoop::Remove(Connections::iterator position) {
  if (visiting_) {
    position->reset();
  } else {
    connections_.erase(position);
  }
}

void EventLoop::ForEach(const std::function<void(Connection&)>& visit) {
  visiting_ = true;
  for (const auto& place : connections_) {
    if (const std::shared_ptr<Connection> connection = place) visit(*connection);
  }
  visiting_ = false;
  connections_.remove(nullptr);
}

void EventLoop::ArmTick() {
  if (tick_armed_ || connections_.empty()) return;
  tick_armed_ = true;
  RunAfter(tick_, [this] {
    tick_armed_ = false;
    const MonotonicTime now = std::chrono::steady_clock::now();
    ForEach([now](Connection& connection) { connection.Sweep(now); });
    ArmTick();
  });
}

}  // namespace slipway::net
