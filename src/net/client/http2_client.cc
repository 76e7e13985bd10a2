#include "net/client/http2_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/client/client_errors.h"

namespace slipway::net {
namespace {

using State = Http2ClientSession::State;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kMostVectors = 64;
constexpr int kMostIdleReads = 8;  // of what a server sent between requests
constexpr std::string_view kProtocol = "h2";

}  // namespace

Http2Client::Http2Client(HttpUrl server, const HttpClientOptions& options)
    : connector_(std::move(server), {.timeout = options.connect_timeout,
                                     .tls = options.tls,
                                     .protocol = kProtocol,
                                     .interrupt = options.interrupt}),
      options_(options) {}

Result<HttpAnswer> Http2Client::Send(const ClientRequest& request) {
  may_have_begun_ = false;
  const bool reused = was_connected_ = IsKept();
  if (!reused) SLIPWAY_RETURN_IF_ERROR(Connect(request.deadline));
  Result<HttpAnswer> answer = Exchange(request);
  // The server's GOAWAY and this request crossed; that is no failure of the request.
  const bool closed_while_idle = reused && !may_have_begun_ && !transport_.valid();
  if (answer.ok() || !closed_while_idle) return answer;
  SLIPWAY_RETURN_IF_ERROR(Connect(request.deadline));
  return Exchange(request);
}

/// Whether there is a connection that takes another request, by what came since the last.
bool Http2Client::IsKept() {
  for (int reads = 0; transport_.valid() && reads < kMostIdleReads; ++reads) {
    const Result<bool> moved = Receive();
    if (!moved.ok() || !session_->failure().ok()) break;
    if (*moved) continue;
    if (session_->MayBegin()) return true;
    break;
  }
  Disconnect();
  return false;
}

Status Http2Client::Connect(MonotonicTime deadline) {
  was_connected_ = false;
  SLIPWAY_TRY(transport_, connector_.Connect(deadline));
  was_connected_ = true;
  session_ = std::make_unique<Http2ClientSession>(options_.limits);
  if (transport_.tls() == nullptr || transport_.tls()->Protocol() == kProtocol) return {};
  Disconnect();
  return DataLoss("the server speaks no HTTP/2 through TLS").At(server().Authority());
}

void Http2Client::Disconnect() {
  transport_.Close();
  session_.reset();
}

Result<HttpAnswer> Http2Client::Exchange(const ClientRequest& request) {
  const MonotonicTime deadline =
      std::min(request.deadline, std::chrono::steady_clock::now() + options_.answer_timeout);
  may_have_begun_ = true;
  session_->Begin(request, server());
  if (Status status = Converse(deadline); !status.ok()) {
    Disconnect();
    return status;
  }
  Result<HttpAnswer> answer = Conclude(deadline);
  // What is left of the request may not outlive it.
  session_->DropRest();
  session_->Write();
  if (!Flush() || !session_->output().empty() || !session_->MayBegin()) Disconnect();
  return answer;
}

/// Sends and receives until the request is over.
Status Http2Client::Converse(MonotonicTime deadline) {
  for (bool can_send = true;;) {
    session_->Write();
    if (!session_->failure().ok()) return Status(session_->failure()).At(server().Authority());
    can_send = can_send && Flush();
    SLIPWAY_TRY(const bool moved, Receive());
    if (session_->state() != State::kUnderWay) return {};
    if (std::chrono::steady_clock::now() >= deadline) return Late();
    if (moved) continue;
    const bool has_more = can_send && !session_->output().empty();
    const auto events = static_cast<short>(has_more ? POLLIN | POLLOUT : POLLIN);
    if (WaitFor(transport_.descriptor(), events, deadline, options_.interrupt) == 0) return Late();
  }
}

/// Takes what there is. True: something came.
Result<bool> Http2Client::Receive() {
  std::array<char, kReadBytes> buffer;
  const IoResult read = transport_.Receive(buffer);
  if (read.state == IoResult::State::kWaitsForInput ||
      read.state == IoResult::State::kWaitsForRoom) {
    return false;
  }
  if (!read.moved()) {
    if (transport_.tls() != nullptr && transport_.tls()->WasAlerted())
      return transport_.tls()->Failure(server().Authority());
    return BrokeOff(server(), "closed the connection without a whole answer");
  }
  session_->Feed({buffer.data(), read.count});
  return true;
}

/// Sends what fits. False: the server takes nothing more, though it may still say why.
bool Http2Client::Flush() {
  OutputQueue& output = session_->output();
  while (!output.empty()) {
    std::array<iovec, kMostVectors> vectors{};
    const IoResult sent = transport_.Send({vectors.data(), output.Gather(vectors)});
    if (sent.state == IoResult::State::kBroken) return false;
    if (!sent.moved()) return true;
    output.Consume(sent.count);
    session_->Write();
  }
  return true;
}

Result<HttpAnswer> Http2Client::Conclude(MonotonicTime deadline) {
  if (session_->state() == State::kAnswered) return session_->Take();
  if (session_->state() == State::kRefused) {
    may_have_begun_ = false;
    return BrokeOff(server(), "refused the request before it began it");
  }
  // Servers that count a deadline too reset what has passed it.
  if (std::chrono::steady_clock::now() >= deadline) return Late();
  return BrokeOff(server(),
                  fmt::format("broke the request off (HTTP/2 error {})", session_->reset_code()));
}

Status Http2Client::Late() const { return LateAnswer(server(), options_.answer_timeout); }

}  // namespace slipway::net
