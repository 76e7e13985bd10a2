#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http/output_queue.h"
#include "net/http/server_context.h"
#include "net/server/event_loop.h"
#include "net/server/exchange.h"
#include "net/server/protocol.h"
#include "net/socket/transport.h"

namespace slipway::net {

/// One socket, and the protocol that its first bytes choose: HTTP/2 after its preface, otherwise
/// HTTP/1.1. Reads for the protocol, writes its output, closes in a way that loses nothing. Lives
/// on its loop's thread; only loop() and abandoned() are for others. What a read brings is worked
/// on in the loop's next round, and times are looked at by the loop's tick.
class Connection final : public std::enable_shared_from_this<Connection>, private Watcher {
 public:
  /// `context` outlives the loop's thread; `on_close` runs once, on it.
  Connection(Transport transport, Peer peer, std::shared_ptr<EventLoop> loop,
             ServerContext& context, std::function<void()> on_close);
  ~Connection();

  /// Reads from now on; or closes at once.
  void Start();
  /// The first half of its part in a round: parses what came and hands requests to the service.
  void Work(MonotonicTime now);
  /// The second half: writes the answers that are there, and reads on.
  void Flush();
  /// The answer of the request with that number; ignored once the connection is closed.
  void Answer(std::uint64_t request, Response response);
  /// Acts on the times that have passed.
  void Sweep(MonotonicTime now);
  /// Closes now; what is unanswered is lost, and counted if the server drains.
  void Abort();

  // For the protocol.
  OutputQueue& output() { return output_; }
  /// True if the socket holds bytes that came and are not received.
  bool HasUnreadBytes() const { return transport_.HasUnread(); }
  /// `cancelled`: told of one request alone; absent where it lives as long as the connection.
  std::shared_ptr<Exchange> NewExchange(
      std::uint64_t request, RequestHead head, BodyBuffer body, MonotonicTime received,
      std::shared_ptr<const std::atomic<bool>> cancelled = nullptr);

  /// There is something to work on or to write: in the next round, if this one does not do it.
  void Wake() {
    if (!in_round_) Enlist();
  }

  EventLoop& loop() { return *loop_; }
  const std::shared_ptr<EventLoop>& shared_loop() const { return loop_; }
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

 private:
  // Reading.
  void OnReady(std::uint32_t events) override;
  std::uint32_t WantedEvents() const;
  void UpdateWatch();
  bool MayRead() const;
  struct Intake {
    IoResult read;
    std::size_t room;  ///< that there was
    bool is_taken;     ///< it is where it belongs; else in the buffer
  };
  Intake Receive(std::span<char> buffer);
  void Read();
  void OnNothing(IoResult::State state);
  void OnBytes(bool is_taken, std::size_t count);
  void OnEndOfInput();
  void ReadRest();
  void Take(bool is_taken, const char* bytes, std::size_t count);
  bool Choose(std::string_view bytes);
  void Refuse(std::string_view message);
  void ReadBuffered();

  // Encryption, where the port has it.
  bool BeginTls();
  void LeaveHandshake();
  void FailHandshake();
  void EndBrokenTls();

  void Enlist();

  // Writing.
  void Write();
  void WaitForRoom();
  void AfterWrite();

  // Ending.
  void BeginLinger();
  void Close();
  void Reset();
  void CheckWriteStall(MonotonicTime now);
  void CheckOpening(MonotonicTime now);

  Transport transport_;
  Peer peer_;  ///< with the names of its certificate once there is a protocol
  const std::shared_ptr<EventLoop> loop_;
  ServerContext& context_;
  std::function<void()> on_close_;
  EventLoop::Connections::iterator position_;

  std::string opening_;  ///< the first bytes, until they tell the protocol
  std::unique_ptr<Protocol> protocol_;
  bool awaits_tls_;             ///< nothing was received yet, and it is to be encrypted
  bool in_handshake_ = false;   ///< counted by the context
  std::uint32_t watched_ = 0;   ///< the events that the loop tells of
  std::size_t received_ = 0;    ///< bytes of read_buffer_ that are not parsed
  bool peer_finished_ = false;  ///< the client sends no more

  OutputQueue output_;
  bool waiting_for_room_ = false;
  bool reading_waits_for_room_ = false;  ///< TLS has to send before it can receive
  bool rereading_ = false;               ///< a task of the loop's will read what TLS holds
  bool lingering_ = false;
  bool closed_ = false;
  bool enlisted_ = false;  ///< for the loop's next round
  bool in_round_ = false;  ///< between Work() and Flush()
  std::atomic<bool> abandoned_{false};

  MonotonicTime now_;  ///< when the current callback began
  MonotonicTime opened_;
  MonotonicTime last_taken_;  ///< while it waits for room: when the client last took something
  int unsent_ = 0;            ///< bytes in the socket then
  MonotonicTime linger_until_;

  std::array<char, 4096> read_buffer_;
};

}  // namespace slipway::net
