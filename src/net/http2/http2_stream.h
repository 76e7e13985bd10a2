#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/body_receiver.h"
#include "net/http/http_types.h"
#include "net/http/least_rate.h"
#include "net/http/output_queue.h"
#include "net/http/stream_exchange.h"
#include "net/http2/http2_head.h"

namespace slipway::net {

/// The body of an answer on its way into frames.
class OutgoingBody {
 public:
  /// The whole body of an answer. Precondition: nothing was added before.
  void Begin(Response& answer);
  /// Behind what is left.
  void Add(std::vector<BodyPart> parts);
  std::uint64_t left() const { return left_; }
  std::uint64_t sent() const { return sent_; }
  /// Moves the next `count` bytes into the output, large parts as they are. `count` <= left().
  void Move(std::size_t count, OutputQueue& output);

 private:
  std::string text_;  ///< before the parts; too small for one
  std::size_t text_sent_ = 0;
  std::vector<BodyPart> parts_;
  std::size_t part_ = 0;    ///< the parts before it are sent
  std::size_t offset_ = 0;  ///< sent bytes of that part
  std::uint64_t left_ = 0;
  std::uint64_t sent_ = 0;
};

/// What a request has beside, whose body and answer travel piece by piece.
struct StreamedRequest {
  std::shared_ptr<StreamHandler> handler;
  std::size_t unconsumed = 0;  ///< bytes of body whose window is shut
  bool awaits_body = false;
  bool is_late = false;
  bool is_full = false;       ///< more is unsent than may be
  bool answer_ended = false;  ///< nothing follows what is in the body now
  bool has_work = false;      ///< it is in the session's list
  bool is_closed = false;
  MonotonicTime wake_at = MonotonicTime::max();
};

/// What a session knows of one stream: first it is a request that arrives, then one that is served,
/// then an answer that leaves.
struct Http2Stream {
  Http2Stream(std::int32_t the_id, const HttpLimits& limits, const Peer& peer)
      : id(the_id), head(limits, peer) {}

  const std::int32_t id;
  std::size_t index = 0;  ///< in the session's list

  Http2Head head;
  std::optional<BodyReceiver> receiver;  ///< absent: no body, or it is dropped
  std::uint64_t received = 0;            ///< bytes of body, as sent
  bool arrived = false;                  ///< the request is whole: the client sends no more
  std::optional<Response> verdict;       ///< of a refused request whose rest is on the way
  bool served = false;                   ///< the service has it
  LeastRate arrival;

  bool without_body = false;  ///< it was asked by HEAD
  bool answered = false;
  OutgoingBody body;
  std::vector<ResponseHeader> trailers;
  LeastRate departure;

  std::unique_ptr<StreamedRequest> streamed;  ///< absent: it is served when it is whole

  std::atomic<bool> cancelled{false};
};

}  // namespace slipway::net
