#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http/body_receiver.h"
#include "net/http/chunk_decoder.h"
#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/http/refusal.h"

namespace slipway::net {

/// Makes requests out of the bytes of one connection, in whatever pieces they come: knows no
/// socket, so the same bytes give the same requests. Between head and body it stops for the plan.
class RequestReader {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,  ///< the input is used up
    kHead,      ///< head() is there: call AcceptBody() or DiscardBody() next
    kRequest,   ///< call Take() next
    kRefused,   ///< refusal() says why; nothing more is read
  };
  enum class Phase : std::uint8_t { kStart, kHead, kPlan, kBody, kComplete, kRefused };

  struct Request {
    RequestHead head;
    BodyBuffer body;
    bool discarded = false;
  };

  /// `limits` outlives this.
  RequestReader(const HttpLimits& limits, Peer peer, std::shared_ptr<BodyMemory> memory);

  /// Takes bytes off the front of `input` up to the next event. To be called again after each, with
  /// no input as well.
  Event Feed(std::string_view& input);

  const RequestHead& head() const { return head_; }
  bool has_body() const { return head_.chunked || head_.content_length.value_or(0) > 0; }
  /// Refused (413, 415) by the head alone: the body is not read.
  std::optional<Refusal> AcceptBody(const BodyPlan& plan);
  /// The body is read and dropped.
  void DiscardBody();
  /// A body is on its way that will be dropped.
  bool IsDiscarding() const { return discarding_ && phase_ == Phase::kBody; }

  /// Room in the body itself for the next bytes of the connection, so that a large one is received
  /// without a copy; empty where they go through Feed().
  std::span<std::byte> DirectRoom();
  /// So many of the connection's next bytes are of a body that is dropped.
  std::size_t Droppable() const;
  /// `count` bytes of DirectRoom() were received, or of Droppable() dropped. kNeedMore, kRequest or
  /// kRefused.
  Event Received(std::size_t count);

  Request Take();
  const Refusal& refusal() const { return *refusal_; }
  /// Head of the refused request, nullptr if not even its target could be told.
  const RequestHead* refused_head() const { return head_.target.empty() ? nullptr : &head_; }

  Phase phase() const { return phase_; }
  /// Bytes of the current body received so far, as sent.
  std::uint64_t body_received() const { return body_received_; }
  /// Messages begun so far.
  std::uint64_t messages() const { return messages_; }

 private:
  Event FeedHead(std::string_view& input);
  Event ParseHead(std::string_view bytes);
  void BeginBody();
  Event FeedBody(std::string_view& input);
  Event FeedChunks(std::string_view& input);
  Event FinishBody();
  std::optional<Refusal> Append(std::string_view bytes);
  Event Refuse(Refusal refusal);

  const HttpLimits& limits_;
  const Peer peer_;
  const std::shared_ptr<BodyMemory> memory_;

  Phase phase_ = Phase::kStart;
  std::uint64_t messages_ = 0;
  bool blank_line_skipped_ = false;
  std::string partial_head_;
  RequestHead head_;
  std::optional<ChunkDecoder> chunks_;
  std::uint64_t body_left_ = 0;  ///< of a body with Content-Length
  std::uint64_t body_received_ = 0;
  std::optional<BodyReceiver> receiver_;  ///< absent: no body, or it is dropped
  bool discarding_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace slipway::net
