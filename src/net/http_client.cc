#include "net/http_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::net {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

Status Unreachable(std::string message, std::string hint) {
  return Unavailable(std::move(message)).With(errors::kServerUnreachable).Hint(std::move(hint));
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

HttpClient::HttpClient(HttpUrl server, const HttpClientOptions& options)
    : connector_(
          std::move(server),
          {.timeout = options.connect_timeout, .tls = options.tls, .interrupt = options.interrupt}),
      options_(options) {}

Status HttpClient::Broken(std::string_view what) const {
  return Unreachable(fmt::format("{} {}", server().Authority(), what),
                     "the server may have been stopped, or its log says why");
}

Status HttpClient::Late() const {
  return DeadlineExceeded(fmt::format("no answer from {} in time: at most {} s",
                                      server().Authority(),
                                      static_cast<double>(options_.answer_timeout.count()) / 1e3))
      .With(errors::kServerUnreachable)
      .Hint("the server is overloaded or stuck: its log and /metrics say more");
}

Result<HttpAnswer> HttpClient::Send(const ClientRequest& request) {
  const std::string head = EncodeHead(request, server());
  const bool reused = transport_.valid();
  Result<HttpAnswer> answer = Exchange(request, head);
  if (answer.ok()) return answer;
  transport_.Close();
  // A server may close an idle connection at any moment; that is no failure of this request.
  const bool closed_while_idle =
      reused && !answer_began_ && answer.status().code() == Code::kUnavailable;
  if (!closed_while_idle) return answer;
  answer = Exchange(request, head);
  if (!answer.ok()) transport_.Close();
  return answer;
}

Result<HttpAnswer> HttpClient::Exchange(const ClientRequest& request, const std::string& head) {
  answer_began_ = false;
  was_connected_ = transport_.valid();
  if (!transport_.valid()) {
    SLIPWAY_TRY(transport_, connector_.Connect(request.deadline));
    was_connected_ = true;
  }
  const MonotonicTime deadline =
      std::min(request.deadline, std::chrono::steady_clock::now() + options_.answer_timeout);
  SLIPWAY_TRY(const bool whole, SendAll(head, request.body, deadline));
  Result<HttpAnswer> answer =
      Receive(AnswerParser({.limits = options_.limits, .answers_head = request.method == "HEAD"}),
              deadline);
  if (!whole) transport_.Close();
  return answer;
}

/// False when the server answers before it has taken everything (413): the answer says why.
Result<bool> HttpClient::SendAll(const std::string& head, std::string_view body,
                                 MonotonicTime deadline) {
  std::string_view parts[2] = {head, body};
  while (!parts[0].empty() || !parts[1].empty()) {
    std::array<iovec, 2> vectors{};
    std::size_t count = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    const IoResult sent = transport_.Send({vectors.data(), count});
    if (sent.state == IoResult::State::kBroken) {
      if (transport_.HasInput()) return false;
      return Broken("closed the connection while the request was sent");
    }
    for (std::size_t left = sent.count; std::string_view& part : parts) {
      const std::size_t taken = std::min(left, part.size());
      part.remove_prefix(taken);
      left -= taken;
    }
    if (sent.moved()) continue;
    const short events =
        WaitFor(transport_.descriptor(), POLLIN | POLLOUT, deadline, options_.interrupt);
    if (events == 0) return Late();
    if ((events & POLLIN) != 0 && transport_.HasInput()) return false;
  }
  return true;
}

Result<HttpAnswer> HttpClient::Receive(AnswerParser parser, MonotonicTime deadline) {
  std::array<char, kReadBytes> buffer;
  bool complete = false;
  bool open = true;
  while (!complete) {
    const IoResult read = transport_.Receive(buffer);
    if (read.state == IoResult::State::kWaitsForInput ||
        read.state == IoResult::State::kWaitsForRoom) {
      const short events = read.state == IoResult::State::kWaitsForInput ? POLLIN : POLLOUT;
      if (WaitFor(transport_.descriptor(), events, deadline, options_.interrupt) == 0)
        return Late();
      continue;
    }
    const bool ended = read.state == IoResult::State::kEnded;
    if (!read.moved() && transport_.tls() != nullptr && transport_.tls()->WasAlerted())
      return transport_.tls()->Failure(server().Authority());
    if (!read.moved() && (!ended || !parser.started()))
      return Broken("closed the connection without an answer");
    answer_began_ = true;
    open = !ended;
    Result<bool> fed = open ? parser.Feed({buffer.data(), read.count}) : Result<bool>(true);
    Status end = open ? Status() : parser.End();
    if (!end.ok()) return std::move(end).At(server().Authority());
    if (!fed.ok()) return std::move(fed).status().At(server().Authority());
    complete = *fed;
  }
  if (!open || !parser.KeepsConnection()) transport_.Close();
  return parser.Take();
}

}  // namespace slipway::net
