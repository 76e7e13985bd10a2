#include "net/client/http_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/client/client_errors.h"

namespace slipway::net {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kMostVectors = 64;

/// The first of `parts` that are not empty, as the system wants them. Returns how many are set.
std::size_t Gather(std::span<const std::string_view> parts, std::span<iovec> vectors) {
  std::size_t count = 0;
  for (const std::string_view part : parts) {
    if (count == vectors.size()) break;
    if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  return count;
}

/// Takes `count` bytes off the front.
void Consume(std::size_t count, std::span<std::string_view> parts) {
  for (std::string_view& part : parts) {
    const std::size_t taken = std::min(count, part.size());
    part.remove_prefix(taken);
    count -= taken;
  }
}

}  // namespace

std::uint64_t ClientRequest::BodyBytes() const {
  std::uint64_t bytes = body.size();
  for (const std::string_view part : more_body) bytes += part.size();
  return bytes;
}

std::string EncodeHead(const ClientRequest& request, const HttpUrl& server) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target,
                                 server.Authority());
  for (const Header& header : request.headers)
    head += fmt::format("{}: {}\r\n", header.first, header.second);
  const std::uint64_t body_bytes = request.BodyBytes();
  if (body_bytes > 0 || request.method == "POST" || request.method == "PUT")
    head += fmt::format("Content-Length: {}\r\n", body_bytes);
  return head + "\r\n";
}

HttpClient::HttpClient(HttpUrl server, const HttpClientOptions& options)
    : connector_(
          std::move(server),
          {.timeout = options.connect_timeout, .tls = options.tls, .interrupt = options.interrupt}),
      options_(options) {}

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
  std::vector<std::string_view> parts = {head, request.body};
  parts.insert(parts.end(), request.more_body.begin(), request.more_body.end());
  SLIPWAY_TRY(const bool whole, SendAll(std::move(parts), deadline));
  Result<HttpAnswer> answer =
      Receive(AnswerParser({.limits = options_.limits, .answers_head = request.method == "HEAD"}),
              deadline);
  if (!whole) transport_.Close();
  return answer;
}

/// False when the server answers before it has taken everything (413): the answer says why.
Result<bool> HttpClient::SendAll(std::vector<std::string_view> parts, MonotonicTime deadline) {
  std::array<iovec, kMostVectors> vectors{};
  while (const std::size_t count = Gather(parts, vectors)) {
    const IoResult sent = transport_.Send({vectors.data(), count});
    if (sent.state == IoResult::State::kBroken) {
      if (transport_.HasInput()) return false;
      return BrokeOff(server(), "closed the connection while the request was sent");
    }
    Consume(sent.count, parts);
    if (sent.moved()) continue;
    const short events =
        WaitFor(transport_.descriptor(), POLLIN | POLLOUT, deadline, options_.interrupt);
    if (events == 0) return LateAnswer(server(), options_.answer_timeout);
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
        return LateAnswer(server(), options_.answer_timeout);
      continue;
    }
    const bool ended = read.state == IoResult::State::kEnded;
    if (!read.moved() && transport_.tls() != nullptr && transport_.tls()->WasAlerted())
      return transport_.tls()->Failure(server().Authority());
    if (!read.moved() && (!ended || !parser.started()))
      return BrokeOff(server(), "closed the connection without an answer");
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
