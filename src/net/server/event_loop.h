#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

namespace slipway::net {

class Connection;
class HttpService;

/// Whoever owns a descriptor that a loop watches.
class Watcher {
 public:
  /// The descriptor is ready for `events` (those of epoll(7)), and will be said to be until it no
  /// longer is. May close this descriptor, and no other one.
  virtual void OnReady(std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

/// One thread and the connections it serves. Post() and IsCurrent() may be called from any thread,
/// also when the loop has ended; everything else on the loop's own thread.
///
/// It works in rounds: first every socket that has something is read, then every request is served,
/// then every answer is written. Each of the three runs through code that is still in the cache,
/// and the service sees together what came together.
class EventLoop {
 public:
  /// However long the service wants a loop to rest after a round (HttpService::FinishRound); what
  /// is left of it follows after the next ones. To wait for something to do is to rest.
  static constexpr std::chrono::milliseconds kLongestRest{5};
  /// Sockets that are read before the first of them is served.
  static constexpr std::size_t kMostInARound = 64;

  /// How many sockets to read in the next round, where `most` were allowed in this one and there is
  /// a rest of `wanted` to be taken: where that is longer than one may be, fewer in that
  /// proportion, at least one, so that rests do not fall behind; where it is short, up to twice as
  /// many again.
  static std::size_t MostInARoundAfter(std::size_t most, std::chrono::nanoseconds wanted);

  /// `tick`: how often connections are asked whether a time of theirs has passed. `service`
  /// outlives the thread and knows this loop by `number`.
  EventLoop(std::chrono::milliseconds tick, HttpService& service, unsigned number);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Takes its two descriptors; before Start().
  Status Open();
  void Start();
  /// Closes all connections, runs what is due, ends the thread. Not on the loop's own thread.
  void Stop();

  /// Runs `task` on the loop's thread, soon; drops it if the loop has ended.
  void Post(std::function<void()> task);
  bool IsCurrent() const;
  unsigned number() const { return number_; }
  /// Connections it has or was promised; for choosing the least busy loop. Any thread.
  std::atomic<std::size_t>& load() { return load_; }

  /// Tells `watcher`, which outlives the descriptor's being watched, of `events` (EPOLLIN,
  /// EPOLLOUT, both or none: then of errors and the end alone). False: the kernel has no room for
  /// one more. Unwatch() comes before the descriptor is closed: where another process is being
  /// started at that moment, it has the descriptor too, and would keep it watched.
  bool Watch(int descriptor, std::uint32_t events, Watcher& watcher);
  void ChangeWatch(int descriptor, std::uint32_t events, Watcher& watcher);
  void Unwatch(int descriptor);
  /// Runs `task` when `delay` has passed; drops it if the loop ends before.
  void RunAfter(std::chrono::milliseconds delay, std::function<void()> task);

  /// What HttpService::FinishRound() is told was rejected in this round.
  void CountRejected(unsigned count) { rejected_ += count; }

  /// The connection has work for the next round. Once until its Work() is called.
  void Enlist(std::shared_ptr<Connection> connection);

  std::span<char> scratch() { return scratch_; }
  /// Now, as an HTTP date; made once a second.
  std::string_view Date();

  using Connections = std::list<std::shared_ptr<Connection>>;
  Connections::iterator Add(std::shared_ptr<Connection> connection);
  void Remove(Connections::iterator position);
  /// Calls `visit` for each connection; it may remove connections. Not to be nested.
  void ForEach(const std::function<void(Connection&)>& visit);

 private:
  struct Timer {
    MonotonicTime when;
    std::function<void()> task;
  };

  void Run();
  void Wait();
  int WaitMilliseconds() const;
  void RunPosted();
  void RunTimers();
  void RunRounds();
  void EndRound(std::size_t first, std::size_t last);
  void FinishRound();
  void Rest();
  void End();
  void ArmTick();

  const std::chrono::milliseconds tick_;
  HttpService& service_;
  const unsigned number_;
  FileDescriptor ready_;  ///< an epoll of everything that is watched, and of wake_
  FileDescriptor wake_;   ///< an eventfd
  std::vector<Timer> timers_;
  bool tick_armed_ = false;
  bool stopping_ = false;
  bool posted_here_ = false;  ///< by a task of the loop's own: nothing to wait for
  std::vector<char> scratch_;
  Connections connections_;  ///< while they are visited, nullptr where one was removed
  bool visiting_ = false;
  std::vector<std::shared_ptr<Connection>> enlisted_;  ///< for the next round
  std::vector<std::shared_ptr<Connection>> round_;     ///< the current one
  std::size_t most_in_a_round_ = kMostInARound;        ///< sockets that are read
  std::chrono::nanoseconds rest_{0};                   ///< that the service asked for, not taken
  unsigned rejected_ = 0;                              ///< requests in it
  std::atomic<std::size_t> load_{0};
  std::int64_t date_second_ = 0;
  std::string date_;

  std::mutex mutex_;  ///< guards posted_ and ended_
  std::vector<std::function<void()>> posted_;
  bool ended_ = false;

  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;
};

}  // namespace slipway::net
