#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/http/body_buffer.h"
#include "net/http/http_types.h"
#include "net/http/output_queue.h"
#include "net/http/server_context.h"
#include "net/http/stream_exchange.h"

namespace slipway::net {

/// One HTTP/2 connection as a machine that knows no socket: bytes in, requests out; answers in,
/// bytes out. Streams are independent: requests come as they are complete and may be answered in
/// any order. Not thread-safe; the times it is told never go back.
///
/// The rules of head_rules.h and the bounds of BodyPlan hold for each stream; a refused request is
/// answered on its stream and the connection goes on. What the peer does that costs more than it
/// brings (resets, control frames, empty frames, endless heads) is budgeted by Http2Limits, and
/// ends the connection with GOAWAY. Of a body the beginnings of its frames are copied once, their
/// rests may be received in place; an answer's body parts go into the output as they are.
class Http2Session {
 public:
  using StreamId = std::int32_t;

  struct Request {
    StreamId stream = 0;
    RequestHead head;
    BodyBuffer body;
    /// True once the client has cancelled this request. May be read by any thread.
    std::shared_ptr<const std::atomic<bool>> cancelled;
    /// Present: the request is streamed, and its body comes to this one.
    std::shared_ptr<StreamHandler> handler;
  };

  /// A handler that is to be called: there is news for it.
  struct Work {
    std::shared_ptr<StreamHandler> handler;
    bool is_last = false;  ///< its request is over
  };

  /// The bytes received begin with the client's preface. What is to be sent is put into `output`;
  /// `context` and `output` outlive this.
  Http2Session(ServerContext& context, Peer peer, OutputQueue& output, MonotonicTime now);
  ~Http2Session();

  /// Takes all of them. Plans of requests are asked for meanwhile.
  void Receive(std::string_view bytes, MonotonicTime now);
  /// Where the next bytes belong if they are a body's, so that they need not be copied; empty: they
  /// are for Receive() alone. Until then what is here may be overwritten, and nothing else happens.
  std::span<std::byte> DirectRoom();
  /// Takes the first `count` bytes of DirectRoom(), which were received there.
  void Fill(std::size_t count, MonotonicTime now);
  /// How many requests HttpService::Plan() rejected since this was called last.
  unsigned TakeRejected();
  /// The next request that is not cancelled yet and is complete, or streamed.
  std::optional<Request> Next();
  /// Answers a request, once. Ignored where the stream is gone. `date`: as FormatHttpDate(). The
  /// bytes come with the next Write().
  void Answer(StreamId stream, Response response, std::string_view date);
  /// Puts frames into the output, as far as the peer's windows go and the output is not too long.
  void Write();

  // Streamed requests, by the number of their stream, as StreamExchange says: ignored where the
  // stream is gone.

  /// The next one to call after all that Next() gave were opened.
  std::optional<Work> NextWork();
  bool HasWork() const;
  StreamExchange::State StateOf(StreamId stream) const;
  void Consume(StreamId stream, std::size_t bytes);
  void AwaitBody(StreamId stream, bool awaits);
  void WakeAt(StreamId stream, MonotonicTime when);
  void Begin(StreamId stream, const Response& head, std::string_view date);
  void Send(StreamId stream, std::vector<BodyPart> parts);
  void End(StreamId stream, std::vector<ResponseHeader> trailers);
  /// Resets all of them: nobody listens any more.
  void ResetStreamed();
  /// The handlers that are owed their last call, before this goes.
  std::vector<std::shared_ptr<StreamHandler>> Abandon();

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
