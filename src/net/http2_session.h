#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/body_buffer.h"
#include "net/http_types.h"
#include "net/output_queue.h"
#include "net/server_context.h"

namespace slipway::net {

/// One HTTP/2 connection as a machine that knows no socket: bytes in, requests out; answers in,
/// bytes out. Streams are independent: requests come as they are complete and may be answered in
/// any order. Not thread-safe; the times it is told never go back.
///
/// The rules of head_rules.h and the bounds of BodyPlan hold for each stream; a refused request is
/// answered on its stream and the connection goes on. What the peer does that costs more than it
/// brings (resets, control frames, empty frames, endless heads) is budgeted by Http2Limits, and
/// ends the connection with GOAWAY. A body is copied once, out of its frames; an answer's body
/// parts go into the output as they are.
class Http2Session {
 public:
  using StreamId = std::int32_t;

  struct Request {
    StreamId stream = 0;
    RequestHead head;
    BodyBuffer body;
    /// True once the client has cancelled this request. May be read by any thread.
    std::shared_ptr<const std::atomic<bool>> cancelled;
  };

  /// The bytes received begin with the client's preface. What is to be sent is put into `output`;
  /// `context` and `output` outlive this.
  Http2Session(ServerContext& context, std::string peer, OutputQueue& output, MonotonicTime now);
  ~Http2Session();

  /// Takes all of them. Plans of requests are asked for meanwhile.
  void Receive(std::string_view bytes, MonotonicTime now);
  /// The next complete request that is not cancelled yet.
  std::optional<Request> Next();
  /// Answers a request, once. Ignored where the stream is gone. `date`: as FormatHttpDate(). The
  /// bytes come with the next Write().
  void Answer(StreamId stream, Response response, std::string_view date);
  /// Puts frames into the output, as far as the peer's windows go and the output is not too long.
  void Write();

  /// False: Write() would do nothing, and the connection has not ended.
  bool HasOutput() const;
  /// So much is not sent that Write() adds no more.
  bool OutputIsFull() const;

  /// Says that no further request is wanted (GOAWAY), in a way that loses none: those that are on
  /// the way are still served. HasEnded() follows when the last is answered.
  void BeginShutdown();
  /// Acts on the times that have passed. `reading`: false if the owner does not read at present, so
  /// that a body that does not arrive is not the client's fault.
  void Sweep(MonotonicTime now, bool reading);

  /// Nothing more is received; the connection ends when the output is out.
  bool HasEnded() const;
  /// Requests begun and not answered whole.
  std::size_t open_streams() const;
  /// Requests that no service has: they are still arriving.
  std::size_t arriving_streams() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace slipway::net
