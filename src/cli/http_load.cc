#include "cli/http_load.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "net/client/answer_parser.h"
#include "net/client/connector.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::chrono::minutes kLongestAnswer{1};  // of those waited for at the end

Status Unreachable(std::string message) {
  return Unavailable(std::move(message))
      .With(errors::kServerUnreachable)
      .Hint("its log says why; fewer connections may help");
}

struct Connection {
  net::Transport transport;
  std::size_t sent = 0;
  MonotonicTime started;
  net::AnswerParser parser{{.status_only = true}};
  bool waits_for_room = false;
};

class Load {
 public:
  explicit Load(const HttpLoadOptions& options)
      : options_(options),
        connector_(options.server, {.tls = options.tls}),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        buffer_(kReadBytes, '\0'),
        interval_(options.rate > 0 ? static_cast<std::int64_t>(1e9 / options.rate) : 0) {}

  Result<LoadReport> Run() {
    for (unsigned i = 0; i < options_.connections; ++i) SLIPWAY_RETURN_IF_ERROR(Open());
    start_ = std::chrono::steady_clock::now() + options_.warm_up;
    due_ = std::chrono::steady_clock::now();
    for (const auto& connection : connections_) free_.push_back(connection.get());
    const MonotonicTime end = start_ + options_.duration;
    for (auto now = due_; now < end; now = std::chrono::steady_clock::now()) {
      SLIPWAY_RETURN_IF_ERROR(BeginDue(now));
      SLIPWAY_RETURN_IF_ERROR(ServeReady(std::min(end, NextDue(end))));
    }
    if (options_.waits_for_the_last) SLIPWAY_RETURN_IF_ERROR(WaitForTheLast(end + kLongestAnswer));
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (report_.answers + report_.failures == 0) {
      return DeadlineExceeded(fmt::format("{} gave no answer within {} s",
                                          options_.server.Authority(), report_.seconds))
          .With(errors::kServerUnreachable)
          .Hint("measure longer: --duration SECONDS");
    }
    std::ranges::sort(report_.latencies);
    return std::move(report_);
  }

 private:
  Status Open() {
    auto connection = std::make_unique<Connection>();
    SLIPWAY_TRY(connection->transport, connector_.Connect());
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.get()}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->transport.descriptor(), &event);
    connections_.push_back(std::move(connection));
    return {};
  }

  /// Begins nothing any more.
  Status WaitForTheLast(MonotonicTime until) {
    is_ending_ = true;
    while (free_.size() < connections_.size()) {
      if (std::chrono::steady_clock::now() >= until)
        return DeadlineExceeded("the last requests were not answered within a minute");
      SLIPWAY_RETURN_IF_ERROR(ServeReady(until));
    }
    return {};
  }

  bool IsOpenLoop() const { return options_.rate > 0; }

  Status BeginDue(MonotonicTime now) {
    while (!free_.empty() && (!IsOpenLoop() || due_ <= now)) {
      Connection& connection = *free_.back();
      free_.pop_back();
      SLIPWAY_RETURN_IF_ERROR(Begin(connection, IsOpenLoop() ? due_ : now));
      due_ += interval_;
    }
    return {};
  }

  /// When the next request can be sent without an answer first; `never`: then only.
  MonotonicTime NextDue(MonotonicTime never) const { return free_.empty() ? never : due_; }

  Status ServeReady(MonotonicTime until) {
    // The last millisecond is not slept through: what is due shall not be late.
    const auto left =
        std::chrono::floor<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    std::array<epoll_event, 64> events;
    const auto timeout =
        options_.is_always_awake ? 0 : static_cast<int>(std::max<std::int64_t>(0, left.count()));
    const int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      auto* const connection =
          static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      SLIPWAY_RETURN_IF_ERROR(Serve(*connection));
    }
    return {};
  }

  Status Begin(Connection& connection, MonotonicTime started) {
    connection.sent = 0;
    connection.started = started;
    return SendRest(connection);
  }

  Status SendRest(Connection& connection) {
    while (connection.sent < options_.request.size()) {
      const iovec rest{const_cast<char*>(options_.request.data()) + connection.sent,
                       options_.request.size() - connection.sent};
      const net::IoResult sent = connection.transport.Send({&rest, 1});
      if (sent.state == net::IoResult::State::kWaitsForRoom) return WaitForRoom(connection, true);
      if (!sent.moved())
        return Unreachable("the server closed a connection while the request was sent");
      connection.sent += sent.count;
    }
    return connection.waits_for_room ? WaitForRoom(connection, false) : Status();
  }

  Status WaitForRoom(Connection& connection, bool wait) {
    connection.waits_for_room = wait;
    const std::uint32_t interest = wait ? EPOLLIN | EPOLLOUT : EPOLLIN;
    epoll_event event{.events = interest, .data = {.ptr = &connection}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.transport.descriptor(), &event);
    return {};
  }

  Status Serve(Connection& connection) {
    if (connection.waits_for_room) SLIPWAY_RETURN_IF_ERROR(SendRest(connection));
    bool complete = false;
    do {
      const net::IoResult read = connection.transport.Receive(buffer_);
      if (read.state == net::IoResult::State::kWaitsForInput) return {};
      if (!read.moved()) return Unreachable("the server closed a connection");
      SLIPWAY_TRY(complete, connection.parser.Feed({buffer_.data(), read.count}));
    } while (!complete && connection.transport.HasBuffered());
    if (!complete) return {};
    const bool keeps = connection.parser.KeepsConnection();
    Count(connection, connection.parser.Take().status);
    if (!keeps) return Unreachable("the server ends the connection after an answer");
    if (!IsOpenLoop() && !is_ending_) return Begin(connection, std::chrono::steady_clock::now());
    free_.push_back(&connection);
    return {};
  }

  void Count(const Connection& connection, int status) {
    const MonotonicTime now = std::chrono::steady_clock::now();
    if (now < start_) return;
    if (status != 200) {
      ++report_.failures;
      if (status == 429 || status == 503) ++report_.refusals;
      return;
    }
    ++report_.answers;
    report_.latencies.push_back(std::chrono::duration<float>(now - connection.started).count());
  }

  const HttpLoadOptions& options_;
  net::Connector connector_;
  FileDescriptor epoll_;
  std::string buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;  ///< wait for no answer
  const std::chrono::nanoseconds interval_;
  bool is_ending_ = false;
  MonotonicTime due_;    ///< the next request of an open loop
  MonotonicTime start_;  ///< of what is counted
  LoadReport report_;
};

}  // namespace

Result<LoadReport> RunHttpLoad(const HttpLoadOptions& options) { return Load(options).Run(); }

}  // namespace slipway::cli
