#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/output_queue.h"
#include "net/request_reader.h"
#include "net/server_context.h"

namespace slipway::net {

/// One socket: bytes in, requests to the service, answers out in the order of the requests. Lives
/// on its loop's thread; only loop() and abandoned() are for others. Plain callbacks: one read and
/// at most one wait for room are pending; what they bring is worked on in the loop's next round,
/// and times are looked at by the loop's tick.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  /// `context` outlives the loop's thread; `on_close` runs once, on it.
  Connection(Socket socket, std::string peer, std::shared_ptr<EventLoop> loop,
             ServerContext& context, std::function<void()> on_close);

  void Start();
  /// The first half of its part in a round: parses what came and hands requests to the service.
  void Work(MonotonicTime now);
  /// The second half: writes the answers that are there, and reads on.
  void Flush();
  /// The answer of the request with that number; ignored once the connection is closed.
  void Answer(std::uint64_t sequence, Response response);
  /// Acts on the times that have passed.
  void Sweep(MonotonicTime now);
  /// Closes now; what is unanswered is lost, and counted if the server drains.
  void Abort();

  EventLoop& loop() { return *loop_; }
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

 private:
  /// A request whose answer has not left.
  struct PendingAnswer {
    bool without_body = false;
    bool keep_alive = false;
    bool say_keep_alive = false;
    bool may_overlap = false;
    std::optional<Response> response;
  };
  /// Where the reader stands, and since when.
  struct Progress {
    RequestReader::Phase phase = RequestReader::Phase::kStart;
    std::uint64_t message = 0;
    MonotonicTime since;
    MonotonicTime window_begin;  ///< of the body's rate
    std::uint64_t window_bytes = 0;
  };

  // Reading.
  void ArmRead();
  void OnRead(const boost::system::error_code& error, std::size_t count);
  void OnEndOfInput();
  void ReadRest();
  void Take(bool direct, const char* bytes, std::size_t count);

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
  void Enlist();
  bool MayServe(bool may_overlap) const;
  bool ServeHeld();
  void Serve(std::shared_ptr<Exchange> exchange, bool may_overlap);

  // Writing.
  PendingAnswer& Expect(const RequestHead* head);
  bool MoveReadyAnswers();
  void Serialize(PendingAnswer& answer, bool close);
  bool IsLastInDrain() const;
  void Write();
  ssize_t SendSome();
  void WaitForRoom();
  void AfterWrite();

  // Ending.
  bool IsIdle() const;
  bool HasUnreadBytes() const;
  void BeginLinger();
  void Close();
  void Reset();
  void NoteProgress();
  void CheckWriteStall(MonotonicTime now);
  void CheckReadTimes(MonotonicTime now);
  void CheckBodyRate(MonotonicTime now);

  Socket socket_;
  const std::shared_ptr<EventLoop> loop_;
  ServerContext& context_;
  std::function<void()> on_close_;
  EventLoop::Connections::iterator position_;

  RequestReader reader_;
  std::string backlog_;  ///< received and not yet parsed
  bool reading_ = false;
  bool reading_direct_ = false;
  std::size_t received_ = 0;    ///< bytes of read_buffer_ that are not parsed
  bool input_ended_ = false;    ///< nothing more is parsed: refused, or the last request came
  bool peer_finished_ = false;  ///< the client sends no more
  bool continue_due_ = false;
  bool plan_may_overlap_ = false;

  std::deque<PendingAnswer> pending_;
  std::uint64_t first_pending_ = 0;  ///< number of pending_.front()
  std::size_t unanswered_ = 0;
  std::size_t unanswered_in_turn_ = 0;  ///< of them, those that must not overlap
  std::shared_ptr<Exchange> held_;      ///< waits for the answers before it
  bool held_may_overlap_ = false;
  std::uint64_t in_flight_ = 0;  ///< this connection's part of the context's count

  OutputQueue output_;
  bool waiting_for_room_ = false;
  bool closing_ = false;  ///< close when the output is out
  bool lingering_ = false;
  bool closed_ = false;
  bool enlisted_ = false;  ///< for the loop's next round
  bool in_round_ = false;  ///< between Work() and Flush()
  std::atomic<bool> abandoned_{false};

  Progress progress_;
  MonotonicTime now_;  ///< when the current callback began
  MonotonicTime last_activity_;
  MonotonicTime last_taken_;  ///< while it waits for room: when the client last took something
  int unsent_ = 0;            ///< bytes in the socket then
  MonotonicTime linger_until_;

  std::array<char, 4096> read_buffer_;
};

}  // namespace slipway::net
