#pragma once

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
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

namespace slipway::net {

class Connection;
class HttpService;

/// A socket of an event loop: with the loop's own executor, since the one that can be any costs
/// more than a small request's parsing.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// One thread and the connections it serves. Post() and IsCurrent() may be called from any thread,
/// also when the loop has ended; everything else on the loop's own thread.
///
/// It works in rounds: first every socket that has something is read, then every request is served,
/// then every answer is written. Each of the three runs through code that is still in the cache,
/// and the service sees together what came together.
class EventLoop {
 public:
  /// `tick`: how often connections are asked whether a time of theirs has passed. `service`
  /// outlives the thread and knows this loop by `number`.
  EventLoop(std::chrono::milliseconds tick, HttpService& service, unsigned number);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  void Start();
  /// Closes all connections, runs what is due, ends the thread. Not on the loop's own thread.
  void Stop();

  /// Runs `task` on the loop's thread, soon; drops it if the loop has ended.
  void Post(std::function<void()> task);
  bool IsCurrent() const;
  unsigned number() const { return number_; }
  /// Connections it has or was promised; for choosing the least busy loop. Any thread.
  std::atomic<std::size_t>& load() { return load_; }

  /// The connection has work for the next round. Once until its Work() is called.
  void Enlist(std::shared_ptr<Connection> connection);

  boost::asio::io_context& context() { return context_; }
  std::span<char> scratch() { return scratch_; }
  /// Now, as an HTTP date; made once a second.
  std::string_view Date();

  using Connections = std::list<std::shared_ptr<Connection>>;
  Connections::iterator Add(std::shared_ptr<Connection> connection);
  void Remove(Connections::iterator position);
  /// Calls `visit` for each connection; it may remove connections. Not to be nested.
  void ForEach(const std::function<void(Connection&)>& visit);

 private:
  void Run();
  void RunPosted();
  void RunRounds();
  void EndRound(std::size_t first, std::size_t last);
  void ArmTick();

  // One thread runs the context and alone touches its sockets, so Asio need not lock them.
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer tick_timer_;
  const std::chrono::milliseconds tick_;
  HttpService& service_;
  const unsigned number_;
  bool tick_armed_ = false;
  bool stopping_ = false;
  std::vector<char> scratch_;
  Connections connections_;  ///< while they are visited, nullptr where one was removed
  bool visiting_ = false;
  std::vector<std::shared_ptr<Connection>> enlisted_;  ///< for the next round
  std::vector<std::shared_ptr<Connection>> round_;     ///< the current one
  std::atomic<std::size_t> load_{0};
  std::int64_t date_second_ = 0;
  std::string date_;

  std::mutex mutex_;  ///< guards posted_ and ended_
  std::vector<std::function<void()>> posted_;
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace slipway::net
