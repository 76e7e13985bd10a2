#include "net/server/http2_protocol.h"

#include <utility>

#include "net/server/connection.h"

namespace slipway::net {

Http2Protocol::Http2Protocol(Connection& connection, ServerContext& context, Peer peer,
                             MonotonicTime now)
    : connection_(connection),
      context_(context),
      session_(context, std::move(peer), connection.output(), now) {}

/// Streamed requests that are not over hear that they are.
Http2Protocol::~Http2Protocol() {
  if (link_ != nullptr) link_->protocol = nullptr;
  for (const auto& handler : session_.Abandon()) handler->Work();
  in_flight_ = 0;
  TellInFlight();
}

/// Once a round, and before anybody learns of an answer: all connections share the count.
void Http2Protocol::TellInFlight() {
  const std::uint64_t change = in_flight_ - std::exchange(told_in_flight_, in_flight_);
  if (change != 0) context_.in_flight.fetch_add(change, std::memory_order_relaxed);
}

void Http2Protocol::Parse(std::string_view bytes, MonotonicTime now) {
  session_.Receive(bytes, now);
  connection_.loop().CountRejected(session_.TakeRejected());
}

void Http2Protocol::Work(std::string_view bytes, MonotonicTime now) {
  if (!bytes.empty()) Parse(bytes, now);
  while (std::optional<Http2Session::Request> request = session_.Next()) {
    ++in_flight_;
    if (request->handler) {
      Open(std::move(*request), now);
      continue;
    }
    context_.service.Serve(connection_.NewExchange(
        static_cast<std::uint64_t>(request->stream), std::move(request->head),
        std::move(request->body), now, std::move(request->cancelled)));
  }
  while (const std::optional<Http2Session::Work> work = session_.NextWork()) {
    if (work->is_last) {
      --in_flight_;
      TellInFlight();  // before its handler hears of the end
    }
    work->handler->Work();
  }
  TellInFlight();
}

void Http2Protocol::Open(Http2Session::Request request, MonotonicTime now) {
  if (link_ == nullptr) {
    link_ = std::make_shared<Http2Link>();
    link_->protocol = this;
  }
  const std::shared_ptr<StreamHandler> handler = std::move(request.handler);
  handler->Open(std::make_shared<Http2StreamExchange>(link_, connection_.shared_loop(),
                                                      std::move(request), now));
}

Http2Session& Http2Protocol::Changed() {
  connection_.Wake();
  return session_;
}

/// Comes once for each exchange, also where its stream has gone meanwhile.
void Http2Protocol::Answer(std::uint64_t request, Response response) {
  --in_flight_;
  session_.Answer(static_cast<Http2Session::StreamId>(request), std::move(response),
                  connection_.loop().Date());
}

bool Http2Protocol::MoveAnswers(MonotonicTime) {
  Write();
  return false;
}

/// What is written makes room for more.
void Http2Protocol::Write() {
  TellInFlight();
  session_.Write();
  if (session_.HasWork()) connection_.Wake();
}

bool Http2Protocol::AwaitsAnswers() const {
  return session_.open_streams() > session_.arriving_streams();
}

bool Http2Protocol::Sweep(MonotonicTime now, bool reading) {
  if (context_.draining.load(std::memory_order_relaxed)) session_.BeginShutdown();
  if (connection_.abandoned()) session_.ResetStreamed();
  session_.Sweep(now, reading);
  if (session_.HasWork()) connection_.Wake();
  return session_.HasOutput();
}

}  // namespace slipway::net
