#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/http/server_context.h"
#include "net/http2/http2_session.h"
#include "net/server/http2_stream_exchange.h"
#include "net/server/protocol.h"

namespace slipway::net {

class Connection;

/// HTTP/2 on one connection: a session, and the exchanges of its requests.
class Http2Protocol final : public Protocol {
 public:
  /// `connection` owns this; `context` outlives it.
  Http2Protocol(Connection& connection, ServerContext& context, Peer peer, MonotonicTime now);
  ~Http2Protocol() override;

  bool MayRead() const override { return !session_.OutputIsFull(); }
  std::span<std::byte> DirectRoom() override { return session_.DirectRoom(); }
  void Received(std::size_t count, MonotonicTime now) override { session_.Fill(count, now); }
  void Parse(std::string_view bytes, MonotonicTime now) override;
  void Work(std::string_view bytes, MonotonicTime now) override;

  void Answer(std::uint64_t request, Response response) override;
  bool MoveAnswers(MonotonicTime now) override;
  void Refill() override { Write(); }

  bool AwaitsAnswers() const override;
  std::uint64_t Unfinished() const override { return session_.open_streams(); }
  bool HasEnded() const override { return session_.HasEnded(); }
  bool Sweep(MonotonicTime now, bool reading) override;

  // For streamed requests, on the loop's thread.
  Http2Session& session() { return session_; }
  /// The same, to put something into it that shall be written soon.
  Http2Session& Changed();

 private:
  void Open(Http2Session::Request request, MonotonicTime now);
  void Write();
  void TellInFlight();

  Connection& connection_;
  ServerContext& context_;
  Http2Session session_;
  std::shared_ptr<Http2Link> link_;  ///< absent until a request is streamed
  std::uint64_t in_flight_ = 0;
  std::uint64_t told_in_flight_ = 0;  ///< this connection's part of the context's count
};

}  // namespace slipway::net
