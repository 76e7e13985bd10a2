#include "net/http2_protocol.h"

#include <utility>

#include "net/connection.h"

namespace slipway::net {

Http2Protocol::Http2Protocol(Connection& connection, ServerContext& context, std::string peer,
                             MonotonicTime now)
    : connection_(connection),
      context_(context),
      session_(context, std::move(peer), connection.output(), now) {}

Http2Protocol::~Http2Protocol() {
  context_.in_flight.fetch_sub(in_flight_, std::memory_order_relaxed);
}

void Http2Protocol::Work(std::string_view bytes, MonotonicTime now) {
  if (!bytes.empty()) session_.Receive(bytes, now);
  while (std::optional<Http2Session::Request> request = session_.Next()) {
    ++in_flight_;
    context_.in_flight.fetch_add(1, std::memory_order_relaxed);
    context_.service.Serve(connection_.NewExchange(
        static_cast<std::uint64_t>(request->stream), std::move(request->head),
        std::move(request->body), now, std::move(request->cancelled)));
  }
}

/// Comes once for each exchange, also where its stream has gone meanwhile.
void Http2Protocol::Answer(std::uint64_t request, Response response) {
  --in_flight_;
  context_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  session_.Answer(static_cast<Http2Session::StreamId>(request), std::move(response),
                  connection_.loop().Date());
}

bool Http2Protocol::MoveAnswers(MonotonicTime) {
  session_.Write();
  return false;
}

bool Http2Protocol::AwaitsAnswers() const {
  return session_.open_streams() > session_.arriving_streams();
}

bool Http2Protocol::Sweep(MonotonicTime now, bool reading) {
  if (context_.draining.load(std::memory_order_relaxed)) session_.BeginShutdown();
  session_.Sweep(now, reading);
  return session_.HasOutput();
}

}  // namespace slipway::net
