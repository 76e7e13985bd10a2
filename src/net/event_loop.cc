#include "net/event_loop.h"

#include <pthread.h>
#include <time.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "net/connection.h"
#include "net/http_types.h"
#include "net/response_head.h"

namespace slipway::net {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
/// Sockets that are read before the first of them is served.
constexpr std::size_t kMostInARound = 64;
/// After so long the answers that are there are written, and the round goes on as another.
constexpr std::chrono::microseconds kLongestRound{250};

}  // namespace

EventLoop::EventLoop(std::chrono::milliseconds tick, HttpService& service, unsigned number)
    : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(boost::asio::make_work_guard(context_)),
      tick_timer_(context_),
      tick_(tick),
      service_(service),
      number_(number),
      scratch_(kScratchBytes) {}

EventLoop::~EventLoop() = default;

void EventLoop::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "slipway-loop");
}

void EventLoop::Run() {
  while (context_.run_one() > 0) {
    while (enlisted_.size() < kMostInARound && context_.poll_one() > 0) {
    }
    do {
      RunRounds();
      service_.FinishRound(number_);  // of what posted tasks put off
    } while (!enlisted_.empty());
  }
  std::vector<std::function<void()>> late;
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    late = std::move(posted_);
  }
}

void EventLoop::Stop() {
  if (!thread_.joinable()) return;
  Post([this] {
    stopping_ = true;
    ForEach([](Connection& connection) { connection.Abort(); });
    tick_timer_.cancel();
    work_.reset();
  });
  thread_.join();
}

void EventLoop::Post(std::function<void()> task) {
  bool is_first = false;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    is_first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (is_first) boost::asio::post(context_, [this] { RunPosted(); });
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) task();
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
  service_.FinishRound(number_);
  for (std::size_t i = first; i < last; ++i) round_[i]->Flush();
}

bool EventLoop::IsCurrent() const {
  // get_executor() is not const, though asking it changes nothing.
  return const_cast<EventLoop*>(this)->context_.get_executor().running_in_this_thread();
}

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
  if (tick_armed_ || stopping_ || connections_.empty()) return;
  tick_armed_ = true;
  tick_timer_.expires_after(tick_);
  tick_timer_.async_wait([this](const boost::system::error_code&) {
    tick_armed_ = false;
    const MonotonicTime now = std::chrono::steady_clock::now();
    ForEach([now](Connection& connection) { connection.Sweep(now); });
    ArmTick();
  });
}

}  // namespace slipway::net
