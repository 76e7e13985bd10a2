#include "cli/http_load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

Status Unreachable(std::string message) {
  return Unavailable(std::move(message)).With(errors::kServerUnreachable);
}

/// Recognises one answer after another in a stream of bytes. Content-Length only: what slipway
/// sends.
class AnswerScanner {
 public:
  /// Consumes bytes; true when an answer is complete (nothing may follow it: requests are not
  /// pipelined).
  Result<bool> Feed(std::string_view bytes) {
    if (missing_ > 0) {
      missing_ -= std::min<std::uint64_t>(missing_, bytes.size());
      return missing_ == 0;
    }
    head_.append(bytes);
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    SLIPWAY_TRY(const std::uint64_t length, BodyLength(std::string_view(head_).substr(0, end + 2)));
    status_ = ParseUint64(std::string_view(head_).substr(9, 3)).value_or(0);
    const std::uint64_t have = head_.size() - end - 4;
    head_.clear();
    missing_ = length - std::min(length, have);
    return missing_ == 0;
  }

  std::uint64_t status() const { return status_; }

 private:
  static Result<std::uint64_t> BodyLength(std::string_view head) {
    for (const std::string_view line : Split(head, '\n')) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos ||
          !EqualsIgnoreCase(line.substr(0, colon), "content-length"))
        continue;
      if (const auto length = ParseUint64(Trim(line.substr(colon + 1)))) return *length;
    }
    return Unreachable("the server's answer has no Content-Length");
  }

  std::string head_;
  std::uint64_t missing_ = 0;
  std::uint64_t status_ = 0;
};

struct Connection {
  FileDescriptor socket;
  std::size_t sent = 0;
  MonotonicTime started;
  AnswerScanner scanner;
  bool waits_for_room = false;
};

class Load {
 public:
  explicit Load(const HttpLoadOptions& options)
      : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kReadBytes, '\0') {}

  Result<HttpLoadReport> Run() {
    for (unsigned i = 0; i < options_.connections; ++i) SLIPWAY_RETURN_IF_ERROR(Open());
    start_ = std::chrono::steady_clock::now();
    for (const auto& connection : connections_) SLIPWAY_RETURN_IF_ERROR(Begin(*connection));
    const MonotonicTime end = start_ + options_.warm_up + options_.duration;
    epoll_event events[64];
    while (std::chrono::steady_clock::now() < end) {
      const int count =
          epoll_wait(epoll_.get(), events, 64, static_cast<int>(options_.answer_timeout.count()));
      if (count == 0) return DeadlineExceeded("the server did not answer in time");
      for (int i = 0; i < count; ++i)
        SLIPWAY_RETURN_IF_ERROR(Serve(*static_cast<Connection*>(events[i].data.ptr)));
    }
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_ - options_.warm_up)
            .count();
    std::ranges::sort(report_.latencies);
    return std::move(report_);
  }

 private:
  Status Open() {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(options_.port), .sin_addr = {}, .sin_zero = {}};
    if (inet_pton(AF_INET, options_.address.c_str(), &address.sin_addr) != 1) {
      return InvalidArgument(fmt::format("\"{}\" is not a numeric IPv4 address", options_.address));
    }
    auto connection = std::make_unique<Connection>();
    connection->socket = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(connection->socket.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0) {
      return Unreachable(ErrnoStatus(errno, fmt::format("cannot connect to {}:{}", options_.address,
                                                        options_.port))
                             .message());
    }
    const int one = 1;
    setsockopt(connection->socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.get()}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->socket.get(), &event);
    connections_.push_back(std::move(connection));
    return {};
  }

  Status Begin(Connection& connection) {
    connection.sent = 0;
    connection.started = std::chrono::steady_clock::now();
    return SendRest(connection);
  }

  Status SendRest(Connection& connection) {
    while (connection.sent < options_.request.size()) {
      const ssize_t count =
          send(connection.socket.get(), options_.request.data() + connection.sent,
               options_.request.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WaitForRoom(connection, true);
      if (count < 0)
        return Unreachable("the server closed a connection while the request was sent");
      connection.sent += static_cast<std::size_t>(count);
    }
    return connection.waits_for_room ? WaitForRoom(connection, false) : Status();
  }

  Status WaitForRoom(Connection& connection, bool wait) {
    connection.waits_for_room = wait;
    const std::uint32_t interest = wait ? EPOLLIN | EPOLLOUT : EPOLLIN;
    epoll_event event{.events = interest, .data = {.ptr = &connection}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
    return {};
  }

  Status Serve(Connection& connection) {
    if (connection.waits_for_room) SLIPWAY_RETURN_IF_ERROR(SendRest(connection));
    const ssize_t count =
        recv(connection.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (count <= 0) return Unreachable("the server closed a connection");
    SLIPWAY_TRY(const bool complete, connection.scanner.Feed(std::string_view(buffer_).substr(
                                         0, static_cast<std::size_t>(count))));
    if (!complete) return {};
    Count(connection);
    return Begin(connection);
  }

  void Count(const Connection& connection) {
    const MonotonicTime now = std::chrono::steady_clock::now();
    if (now < start_ + options_.warm_up) return;
    if (connection.scanner.status() != 200) {
      ++report_.failures;
      return;
    }
    ++report_.answers;
    report_.latencies.push_back(std::chrono::duration<float>(now - connection.started).count());
  }

  const HttpLoadOptions& options_;
  FileDescriptor epoll_;
  std::string buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  MonotonicTime start_;
  HttpLoadReport report_;
};

}  // namespace

double HttpLoadReport::Quantile(double share) const {
  if (latencies.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1));
  return latencies[index];
}

Result<HttpLoadReport> RunHttpLoad(const HttpLoadOptions& options) { return Load(options).Run(); }

}  // namespace slipway::cli
