#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http2/frame_budget.h"
#include "net/http2/http2_fields.h"
#include "net/http2/http2_session.h"
#include "net/http2/http2_stream.h"
#include "net/http2/library_session.h"

namespace slipway::net {

// The inside of a session, for http2_*.cc alone.

/// Unsent bytes beyond which no further frame is made.
inline constexpr std::size_t kMostOutput = 256 * 1024;
/// A body from which on the client is asked to send larger frames.
inline constexpr std::size_t kLargeBody = 64 * 1024;
inline constexpr std::uint8_t kShutdownPing[8] = {'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};

/// The fields of a head, and the same as the library wants them.
struct LibraryHead {
  Http2Fields fields;
  std::vector<nghttp2_nv> vectors;

  /// What was gathered, valid until the fields change.
  std::span<const nghttp2_nv> Vectors() {
    FillVectors(fields, vectors);
    return vectors;
  }
};

/// The head of the last answer that said no more than its status, its type and the date, as those
/// of gRPC do: the next is nearly always the same.
struct ShortHead {
  int status = 0;
  std::string content_type;
  std::string date;
  LibraryHead head;

  bool IsOf(const Response& response, std::string_view today) const {
    return status == response.status && content_type == response.content_type && date == today;
  }
};

/// The trailers sent last: the next are nearly always the same.
struct LastTrailers {
  std::vector<ResponseHeader> trailers;
  LibraryHead head;
};

/// The library's session and what its callbacks work on.
struct Http2Session::State {
  State(ServerContext& the_context, Peer the_peer, OutputQueue& the_output, MonotonicTime the_now);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { nghttp2_session_del(session); }

  void SetReceiving(nghttp2_session_callbacks* callbacks);
  void Greet();

  // Receiving.
  int OnFrameBegin(const nghttp2_frame_hd& frame);
  int OnHeadBegin(const nghttp2_frame& frame);
  int OnField(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int OnFrame(const nghttp2_frame& frame);
  void OnHead(Http2Stream& stream, bool has_body);
  int OnBody(StreamId id, std::span<const std::byte> bytes);
  void OfferLargeFrames();
  void OnArrived(Http2Stream& stream);
  void NoteNumber(StreamId id);

  // Answering.
  void Reject(Http2Stream& stream, Response response);
  void Refuse(Http2Stream& stream, const Refusal& refusal);
  void Answer(Http2Stream& stream, Response response, std::string_view date);
  void SubmitHead(Http2Stream& stream, const Response& response,
                  std::optional<std::uint64_t> length, bool has_body, std::string_view date);
  std::span<const nghttp2_nv> HeadOf(const Response& response, std::optional<std::uint64_t> length,
                                     std::string_view date);
  void SayContinue(const Http2Stream& stream);

  // Streamed requests.
  void Send(Http2Stream& stream, std::vector<BodyPart> parts);
  void Consume(Http2Stream& stream, std::size_t bytes);
  void NoteWork(Http2Stream& stream);
  void CheckStreamed(Http2Stream& stream, bool reading);
  void Leave(Http2Stream& stream);

  // Sending.
  std::span<const nghttp2_nv> TrailersOf(const Http2Stream& stream);
  ssize_t OfferBody(Http2Stream& stream, std::size_t most, std::uint32_t& flags);
  void MoveBody(const nghttp2_data_source& source, std::size_t size);
  int OnFrameSent(const nghttp2_frame& frame);
  bool OutputIsFull() const { return output.bytes() >= kMostOutput; }

  // Ending.
  void OnStreamClosed(StreamId id);
  void CheckPeer();
  void CheckTimes(Http2Stream& stream, bool reading);
  void BeginShutdown();
  void FinishShutdown();
  int Terminate(std::uint32_t code, std::string_view reason);

  /// nullptr: there is none, or no more. Asked for each field of a head, one after the other.
  Http2Stream* Find(StreamId id) {
    if (std::exchange(found_id, id) != id)
      found = static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
    return found;
  }

  enum class Shutdown : std::uint8_t { kNo, kAnnounced, kFinished };

  ServerContext& context;
  const HttpLimits& limits;
  const Peer peer;
  OutputQueue& output;
  nghttp2_session* session = nullptr;
  MonotonicTime now;

  std::vector<std::shared_ptr<Http2Stream>> streams;
  std::deque<std::shared_ptr<Http2Stream>> complete;   ///< for Next()
  std::deque<std::shared_ptr<Http2Stream>> with_work;  ///< for NextWork(), streamed ones
  StreamId highest = -1;
  std::deque<std::pair<StreamId, StreamId>> gaps;  ///< numbers never used, from and to

  FrameBudget resets;
  FrameBudget control_frames;
  FrameBudget empty_frames;

  std::string date;  ///< the last one told, for answers that the session itself gives
  LibraryHead head;
  ShortHead short_head;
  LastTrailers last_trailers;

  StreamId found_id = 0;         ///< whom Find() was asked for last
  Http2Stream* found = nullptr;  ///< and what it said

  StreamId payload_of = 0;          ///< whose frame of body is arriving
  std::size_t payload_left = 0;     ///< bytes of it that are to come, unless it is padded
  bool takes_large_frames = false;  ///< the client was told
  bool greeted = false;             ///< the client's first SETTINGS came
  StreamId head_open = 0;           ///< the stream whose head is arriving, 0: none
  MonotonicTime head_since;
  std::size_t continuations = 0;  ///< of that head
  unsigned rejected = 0;          ///< for TakeRejected()
  MonotonicTime idle_since;
  MonotonicTime last_received;
  MonotonicTime asked_since;  ///< later than last_received: the peer owes an answer to a ping
  Shutdown shutdown = Shutdown::kNo;
  MonotonicTime shutdown_since;
  bool terminated = false;
};

}  // namespace slipway::net
