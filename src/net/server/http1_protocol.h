#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http/least_rate.h"
#include "net/http/request_reader.h"
#include "net/http/server_context.h"
#include "net/server/protocol.h"

namespace slipway::net {

class Connection;

/// HTTP/1.1 on one connection: requests may be pipelined, answers leave in their order.
class Http1Protocol final : public Protocol {
 public:
  /// `connection` owns this; `context` outlives it.
  Http1Protocol(Connection& connection, ServerContext& context, Peer peer, MonotonicTime now);
  ~Http1Protocol() override;

  bool MayRead() const override;
  std::span<std::byte> DirectRoom() override;
  std::size_t Droppable() override;
  void Received(std::size_t count, MonotonicTime now) override;
  void Parse(std::string_view bytes, MonotonicTime now) override;
  void Work(std::string_view bytes, MonotonicTime now) override;

  void Answer(std::uint64_t request, Response response) override;
  bool MoveAnswers(MonotonicTime now) override;
  void Refill() override;

  bool AwaitsAnswers() const override { return !pending_.empty(); }
  bool ExpectsEndOfInput() const override { return input_ended_; }
  std::uint64_t Unfinished() const override;
  bool HasEnded() const override { return ended_; }
  bool Sweep(MonotonicTime now, bool reading) override;

 private:
  /// A request whose answer has not left.
  struct PendingAnswer {
    bool without_body = false;
    bool keep_alive = false;
    bool say_keep_alive = false;
    bool may_overlap = false;
    bool silent = false;  ///< in place of an answer the connection ends
    std::optional<Response> response;
  };
  /// Where the reader stands, and since when.
  struct Progress {
    RequestReader::Phase phase = RequestReader::Phase::kStart;
    std::uint64_t message = 0;
    MonotonicTime since;
    LeastRate body;
  };

  // Parsing.
  bool MayParse() const;
  void Parse(std::string_view fresh);
  void ParseSome(std::string_view& input);
  void OnHead();
  void OnRequest();
  void Reject(Response response);
  void Refuse(const Refusal& refusal, const RequestHead* head);
  void SendContinueIfDue();

  // Serving.
  bool MayServe(bool may_overlap) const;
  bool ServeHeld();
  void Serve(std::shared_ptr<Exchange> exchange, bool may_overlap);

  // Answering.
  PendingAnswer& Expect(const RequestHead* head);
  void Serialize(PendingAnswer& answer, bool close);
  bool IsLastInDrain() const;
  bool AwaitsDroppedBody() const;

  // Times.
  bool IsIdle() const;
  void NoteProgress();
  bool CheckReadTimes(bool reading);
  bool EndWithAnswer();

  Connection& connection_;
  ServerContext& context_;

  RequestReader reader_;
  std::string backlog_;           ///< received and not yet parsed
  bool output_was_full_ = false;  ///< when parsing stopped
  bool input_ended_ = false;      ///< nothing more is parsed: refused, or the last request came
  bool continue_due_ = false;
  bool plan_may_overlap_ = false;
  bool in_round_ = false;

  std::deque<PendingAnswer> pending_;
  std::uint64_t first_pending_ = 0;  ///< number of pending_.front()
  std::size_t unanswered_ = 0;
  std::size_t unanswered_in_turn_ = 0;  ///< of them, those that must not overlap
  std::shared_ptr<Exchange> held_;      ///< waits for the answers before it
  bool held_may_overlap_ = false;
  std::uint64_t in_flight_ = 0;  ///< this connection's part of the context's count
  bool ended_ = false;

  Progress progress_;
  MonotonicTime now_;  ///< when the current call began
  MonotonicTime last_activity_;
};

}  // namespace slipway::net
