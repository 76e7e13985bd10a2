#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "net/http/http_types.h"

namespace slipway::net {

/// What one connection speaks: makes requests for the service out of bytes, and bytes for the
/// connection's output out of answers. Knows no socket; lives and dies with its connection, on the
/// loop's thread.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // Receiving.

  /// False: it holds as much as it may; the rest waits in the socket.
  virtual bool MayRead() const = 0;
  /// Room for the next bytes where they belong, so that a large body is received without a copy;
  /// empty: they are taken by Parse() alone.
  virtual std::span<std::byte> DirectRoom() { return {}; }
  /// So many of the next bytes are dropped unseen; they need not be received, but told of.
  virtual std::size_t Droppable() { return 0; }
  /// `count` bytes of DirectRoom() were received, or of Droppable() dropped.
  virtual void Received(std::size_t count, MonotonicTime now) = 0;
  /// Takes all of the bytes. Requests that they complete wait for the round.
  virtual void Parse(std::string_view bytes, MonotonicTime now) = 0;
  /// The same in a round: what may be served now is handed to the service.
  virtual void Work(std::string_view bytes, MonotonicTime now) = 0;

  // Answering.

  /// The answer to the request of that number; ignored if it has one or is gone.
  virtual void Answer(std::uint64_t request, Response response) = 0;
  /// Moves answers into the output. True: there is more to work on in another round.
  virtual bool MoveAnswers(MonotonicTime now) = 0;
  /// The output is out: puts in more of what was held back, if there is any.
  virtual void Refill() {}

  // Ending.

  /// Requests that are with the service, or whose answers are not in the output.
  virtual bool AwaitsAnswers() const = 0;
  /// The client has said that it sends no more requests: that it then sends nothing more says
  /// nothing of its patience.
  virtual bool ExpectsEndOfInput() const { return false; }
  /// Requests that would be lost if the connection ended now.
  virtual std::uint64_t Unfinished() const = 0;
  /// Nothing more is parsed: the connection closes when the output is out.
  virtual bool HasEnded() const = 0;
  /// Acts on the times that have passed. `reading`: the connection would take bytes if any came.
  /// True: that gave something to write, or the end.
  virtual bool Sweep(MonotonicTime now, bool reading) = 0;
};

}  // namespace slipway::net
