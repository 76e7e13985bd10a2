#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "net/http/body_buffer.h"
#include "net/http/http_types.h"

namespace slipway::net {

/// One request whose body comes and whose answer goes piece by piece, both at one time; the
/// server's half of it. HTTP/2 only.
///
/// Bounds: bytes of the body that the service has not consumed keep the client's window shut
/// (Http2Limits::stream_window), and what the client does not take makes `has_room` false
/// (Http2Limits::stream_unsent): whoever goes on sending then holds the memory itself.
///
/// The first group may be called by any thread and for ever; the rest on the loop's thread only,
/// never out of StreamHandler::Take(), and does nothing once the request is over.
class StreamExchange {
 public:
  /// How things stand.
  struct State {
    MonotonicTime now;         ///< of the loop: as old as its last tick at most
    bool is_gone = false;      ///< the client cancelled, the connection ended, or all is said
    bool body_ended = false;   ///< all of it was taken
    bool is_late = false;      ///< the body did not come at the least rate while it was awaited
    bool has_room = false;     ///< the client takes what is sent
    bool is_draining = false;  ///< the server ends: finish soon
  };

  virtual ~StreamExchange() = default;
  virtual const RequestHead& head() const = 0;
  virtual MonotonicTime received() const = 0;  ///< when the head was complete
  virtual unsigned loop() const = 0;           ///< number of the event loop, from 0
  virtual bool Abandoned() const = 0;          ///< State::is_gone, for work on other threads
  /// Runs `task` on the loop's thread: at once on that thread, else soon; drops it when the loop
  /// has ended.
  virtual void Run(std::function<void()> task) = 0;

  virtual State state() const = 0;
  /// So many bytes that Take() got are done with: the client may send as many more.
  virtual void Consume(std::size_t bytes) = 0;
  /// While true, the body must come at the least rate (HttpLimits::body_bytes_per_second after
  /// body_grace). False at first: a client may be silent between two messages.
  virtual void AwaitBody(bool awaits) = 0;
  /// Calls Work() once when that time has come; a later call replaces it.
  virtual void WakeAt(MonotonicTime when) = 0;

  /// Sends the head of the answer: status and headers. Once, before the rest.
  virtual void Begin(Response head) = 0;
  virtual void Send(std::vector<BodyPart> parts) = 0;
  virtual void End(std::vector<ResponseHeader> trailers) = 0;
  /// The whole answer instead of Begin(), Send() and End().
  virtual void Answer(Response response) = 0;
};

/// The service's half: what becomes of one such request. Made by HttpService::Plan(); all calls
/// come on the loop's thread. Whoever works elsewhere keeps it alive; the server drops it after the
/// last Work().
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  /// The next bytes of the body, valid during the call; to be put aside and worked on in Work().
  /// May come before Open(). `memory` is what all bodies may hold together: buffers count there.
  virtual void Take(std::span<const std::byte> bytes,
                    const std::shared_ptr<BodyMemory>& memory) = 0;
  /// The request is the service's now; Work() follows. Not called if the client cancels before.
  virtual void Open(std::shared_ptr<StreamExchange> exchange) = 0;
  /// In a round of the loop: bytes were taken, or the state of the exchange changed, or a time
  /// came. Comes a last time, with `is_gone`, when the request is over, however that came.
  virtual void Work() = 0;
};

}  // namespace slipway::net
