#include <algorithm>
#include <utility>

#include "net/http2/http2_session_state.h"

// What a session makes of the client's frames.

namespace slipway::net {
namespace {

/// Stream numbers that a client has passed over and must not come back to; older ones are
/// forgotten.
constexpr std::size_t kMostGaps = 16;

/// A client that is still sending may not look at an answer, or take it for the answer to less than
/// it said; one that asked whether to go on, or has much to say, is told at once.
bool IsRestWorthWaitingFor(const Http2Stream& stream) {
  const RequestHead& head = stream.head.head();
  return !stream.arrived && head.Find("expect") == nullptr &&
         head.content_length.value_or(0) <= kDiscardableBody;
}

}  // namespace

int Http2Session::State::OnFrameBegin(const nghttp2_frame_hd& frame) {
  payload_left = 0;
  switch (frame.type) {
    case NGHTTP2_DATA:
      payload_of = frame.stream_id;
      if ((frame.flags & NGHTTP2_FLAG_PADDED) == 0) payload_left = frame.length;
      return 0;
    case NGHTTP2_CONTINUATION:
      if (++continuations <= kMostContinuations) return 0;
      return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "a request's head comes in too many frames");
    case NGHTTP2_HEADERS:
      NoteNumber(frame.stream_id);
      return 0;
    case NGHTTP2_RST_STREAM:
      if (resets.Spend(now)) return 0;
      return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
    default:
      if (control_frames.Spend(now)) return 0;
      return Terminate(NGHTTP2_ENHANCE_YOUR_CALM,
                       frame.type == NGHTTP2_PING ? "too_many_pings" : "too many control frames");
  }
}

/// RFC 9113 5.1.1: a new stream's number is higher than all before. The library lets a lower one
/// pass, since it cannot tell it from a stream that was closed, and the request would hang.
void Http2Session::State::NoteNumber(StreamId id) {
  if (id > highest) {
    if (id > highest + 2) gaps.emplace_back(highest + 2, id - 2);
    if (gaps.size() > kMostGaps) gaps.pop_front();
    highest = id;
    return;
  }
  const auto is_in = [id](const auto& gap) { return id >= gap.first && id <= gap.second; };
  if (id % 2 == 1 && std::ranges::any_of(gaps, is_in))
    nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
}

int Http2Session::State::OnHeadBegin(const nghttp2_frame& frame) {
  head_open = frame.hd.stream_id;
  head_since = now;
  continuations = 0;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto stream = std::make_shared<Http2Stream>(frame.hd.stream_id, limits, peer);
  stream->index = streams.size();
  nghttp2_session_set_stream_user_data(session, stream->id, stream.get());
  found_id = stream->id;
  found = stream.get();
  streams.push_back(std::move(stream));
  return 0;
}

/// Trailers of a request are dropped, as those of HTTP/1.1 are.
int Http2Session::State::OnField(const nghttp2_frame& frame, std::string_view name,
                                 std::string_view value) {
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Stream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->head.Add(name, value)) return 0;
  return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "the headers are far larger than they may be");
}

int Http2Session::State::OnFrame(const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_SETTINGS:
      greeted = true;
      return 0;
    case NGHTTP2_PING:
      if (shutdown == Shutdown::kAnnounced && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 &&
          std::ranges::equal(frame.ping.opaque_data, kShutdownPing))
        FinishShutdown();
      return 0;
    case NGHTTP2_DATA:
      if (!ends && frame.hd.length == frame.data.padlen && !empty_frames.Spend(now))
        return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many empty frames");
      break;
    case NGHTTP2_HEADERS:
      head_open = 0;
      break;
    default:
      return 0;
  }
  Http2Stream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST)
    OnHead(*stream, !ends);
  if (ends) OnArrived(*stream);
  return 0;
}

void Http2Session::State::OnHead(Http2Stream& stream, bool has_body) {
  context.requests.fetch_add(1, std::memory_order_relaxed);
  stream.arrived = !has_body;
  stream.arrival.Begin(now, 0);
  const std::optional<Refusal> refused = stream.head.Finish(has_body);
  const RequestHead& head = stream.head.head();
  stream.without_body = head.method == Method::kHead;
  if (refused) return Refuse(stream, *refused);
  BodyPlan plan = context.service.Plan(head);
  if (plan.reject) {
    ++rejected;
    if (!plan.client_listens && IsRestWorthWaitingFor(stream)) {
      stream.verdict = std::move(*plan.reject);
      return;
    }
    return Reject(stream, std::move(*plan.reject));
  }
  stream.head.Note(std::move(plan.note));
  if (plan.stream) {
    stream.streamed = std::make_unique<StreamedRequest>();
    stream.streamed->handler = std::move(plan.stream);
    complete.push_back(streams[stream.index]);
    NoteWork(stream);
    if (head.Find("expect") != nullptr) SayContinue(stream);
    return;
  }
  if (!has_body) return;
  if (const auto refusal = BodyReceiver::Open(head, plan, context.body_memory, stream.receiver))
    return Refuse(stream, *refusal);
  if (head.Find("expect") != nullptr) SayContinue(stream);
}

/// The windows open at once for what is taken, unless a service consumes it piece by piece: how
/// much all bodies may hold is BodyMemory's to bound. A body that is dropped opens the connection's
/// window only, so that its stream dries up.
int Http2Session::State::OnBody(StreamId id, std::span<const std::byte> bytes) {
  payload_left -= std::min(payload_left, bytes.size());
  Http2Stream* stream = Find(id);
  if (stream != nullptr) {
    stream->received += bytes.size();
    if (stream->received >= kLargeBody && !takes_large_frames) OfferLargeFrames();
  }
  if (stream != nullptr && stream->streamed) {
    stream->streamed->unconsumed += bytes.size();
    stream->streamed->handler->Take(bytes, context.body_memory);
    NoteWork(*stream);
    return 0;
  }
  if (stream == nullptr || !stream->receiver) {
    nghttp2_session_consume_connection(session, bytes.size());
    if (stream != nullptr && stream->verdict && stream->received > kDiscardableBody)
      Reject(*stream, {});
    return 0;
  }
  nghttp2_session_consume(session, id, bytes.size());
  if (const auto refusal = stream->receiver->Append(bytes)) Refuse(*stream, *refusal);
  return 0;
}

/// Not from the beginning: a frame is also what heads come in, and small ones keep their bounds.
void Http2Session::State::OfferLargeFrames() {
  takes_large_frames = true;
  const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_MAX_FRAME_SIZE,
                                       limits.http2.large_frame_bytes};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &setting, 1);
}

void Http2Session::State::OnArrived(Http2Stream& stream) {
  stream.arrived = true;
  if (stream.streamed) return NoteWork(stream);
  if (stream.verdict) Reject(stream, {});
  if (stream.answered) return;
  if (stream.receiver) {
    if (const auto refusal = stream.receiver->Finish()) return Refuse(stream, *refusal);
  }
  complete.push_back(streams[stream.index]);
}

}  // namespace slipway::net
