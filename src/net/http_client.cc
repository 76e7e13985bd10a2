#include "net/http_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::net {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

Status Unreachable(std::string message, std::string hint) {
  return Unavailable(std::move(message)).With(errors::kServerUnreachable).Hint(std::move(hint));
}

int MillisecondsLeft(MonotonicTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

/// The events that came; 0 once the deadline has passed.
short WaitFor(int socket, short events, MonotonicTime deadline) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&entry, 1, MillisecondsLeft(deadline));
  } while (ready < 0 && errno == EINTR);
  return ready > 0 ? entry.revents : short{0};
}

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<AddressList> Resolve(const HttpUrl& server) {
  const addrinfo wanted{.ai_flags = AI_NUMERICSERV,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_STREAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &wanted, &found);
  if (error != 0) {
    return Unreachable(
        fmt::format("no address for the host \"{}\": {}", server.host, gai_strerror(error)),
        "check the spelling of the host name");
  }
  return AddressList(found, freeaddrinfo);
}

/// 0, or the errno value that says why there is no connection.
int TryConnect(const addrinfo& address, std::chrono::milliseconds timeout, FileDescriptor& out) {
  FileDescriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return errno;
  const MonotonicTime deadline = std::chrono::steady_clock::now() + timeout;
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (WaitFor(socket.get(), POLLOUT, deadline) == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return error;
  }
  const int on = 1;
  (void)setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  out = std::move(socket);
  return 0;
}

}  // namespace

std::string EncodeHead(const ClientRequest& request, const HttpUrl& server) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target,
                                 server.Authority());
  for (const Header& header : request.headers)
    head += fmt::format("{}: {}\r\n", header.first, header.second);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  return head + "\r\n";
}

Result<FileDescriptor> ConnectTo(const HttpUrl& server, std::chrono::milliseconds timeout) {
  SLIPWAY_TRY(const AddressList addresses, Resolve(server));
  int error = ENOENT;
  FileDescriptor socket;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    error = TryConnect(*address, timeout, socket);
    if (error == 0) return socket;
  }
  if (error == ECONNREFUSED) {
    return Unreachable(fmt::format("nothing listens at {}", server.Authority()),
                       "start a server there (slipway serve MODEL), or name another address");
  }
  return Unreachable(
      fmt::format("cannot connect to {}: {}", server.Authority(), std::strerror(error)),
      "check the address, the network and its firewalls");
}

HttpClient::HttpClient(HttpUrl server, const HttpClientOptions& options)
    : server_(std::move(server)), options_(options) {}

Status HttpClient::Broken(std::string_view what) const {
  return Unreachable(fmt::format("{} {}", server_.Authority(), what),
                     "the server may have been stopped, or its log says why");
}

Status HttpClient::Late() const {
  return DeadlineExceeded(fmt::format("no answer from {} within {} s", server_.Authority(),
                                      static_cast<double>(options_.answer_timeout.count()) / 1e3))
      .With(errors::kServerUnreachable)
      .Hint("the server is overloaded or stuck: its log and /metrics say more");
}

Result<HttpAnswer> HttpClient::Send(const ClientRequest& request) {
  const std::string head = EncodeHead(request, server_);
  const bool reused = socket_.valid();
  Result<HttpAnswer> answer = Exchange(request, head);
  if (answer.ok()) return answer;
  socket_.Close();
  // A server may close an idle connection at any moment; that is no failure of this request.
  const bool closed_while_idle =
      reused && !answer_began_ && answer.status().code() == Code::kUnavailable;
  if (!closed_while_idle) return answer;
  answer = Exchange(request, head);
  if (!answer.ok()) socket_.Close();
  return answer;
}

Result<HttpAnswer> HttpClient::Exchange(const ClientRequest& request, const std::string& head) {
  answer_began_ = false;
  if (!socket_.valid()) {
    SLIPWAY_TRY(socket_, ConnectTo(server_, options_.connect_timeout));
  }
  const MonotonicTime deadline = std::chrono::steady_clock::now() + options_.answer_timeout;
  SLIPWAY_TRY(const bool whole, SendAll(head, request.body, deadline));
  Result<HttpAnswer> answer =
      Receive(AnswerParser({.limits = options_.limits, .answers_head = request.method == "HEAD"}),
              deadline);
  if (!whole) socket_.Close();
  return answer;
}

/// False when the server answers before it has taken everything (413): the answer says why.
Result<bool> HttpClient::SendAll(const std::string& head, std::string_view body,
                                 MonotonicTime deadline) {
  std::string_view parts[2] = {head, body};
  while (!parts[0].empty() || !parts[1].empty()) {
    std::array<iovec, 2> vectors{};
    for (std::size_t i = 0; i < 2; ++i)
      vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      if ((WaitFor(socket_.get(), POLLIN, std::chrono::steady_clock::now()) & POLLIN) != 0)
        return false;
      return Broken("closed the connection while the request was sent");
    }
    for (std::size_t left = sent < 0 ? 0 : static_cast<std::size_t>(sent);
         std::string_view& part : parts) {
      const std::size_t taken = std::min(left, part.size());
      part.remove_prefix(taken);
      left -= taken;
    }
    if (sent >= 0) continue;
    const short events = WaitFor(socket_.get(), POLLIN | POLLOUT, deadline);
    if (events == 0) return Late();
    if ((events & POLLIN) != 0) return false;
  }
  return true;
}

Result<HttpAnswer> HttpClient::Receive(AnswerParser parser, MonotonicTime deadline) {
  std::array<char, kReadBytes> buffer;
  bool complete = false;
  bool open = true;
  while (!complete) {
    if (WaitFor(socket_.get(), POLLIN, deadline) == 0) return Late();
    const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (count < 0 || (count == 0 && !parser.started()))
      return Broken("closed the connection without an answer");
    answer_began_ = true;
    open = count > 0;
    Result<bool> fed =
        open ? parser.Feed({buffer.data(), static_cast<std::size_t>(count)}) : Result<bool>(true);
    Status ended = open ? Status() : parser.End();
    if (!ended.ok()) return std::move(ended).At(server_.Authority());
    if (!fed.ok()) return std::move(fed).status().At(server_.Authority());
    complete = *fed;
  }
  if (!open || !parser.KeepsConnection()) socket_.Close();
  return parser.Take();
}

}  // namespace slipway::net
