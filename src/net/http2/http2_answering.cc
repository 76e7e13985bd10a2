#include <algorithm>
#include <utility>

#include "net/http/content_coding.h"
#include "net/http/response_head.h"
#include "net/http2/http2_session_state.h"

// What a session sends: answers, whole or piece by piece.

namespace slipway::net {

// Answering.

/// What was found wrong first is answered.
void Http2Session::State::Reject(Http2Stream& stream, Response response) {
  stream.receiver.reset();
  if (stream.verdict) response = *std::exchange(stream.verdict, std::nullopt);
  Answer(stream, std::move(response), date);
}

void Http2Session::State::Refuse(Http2Stream& stream, const Refusal& refusal) {
  const RequestHead& head = stream.head.head();
  Response response = context.service.ErrorResponse(refusal.status, refusal.message,
                                                    head.target.empty() ? nullptr : &head);
  if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", kAcceptedCodings);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  Reject(stream, std::move(response));
}

void Http2Session::State::SayContinue(const Http2Stream& stream) {
  head.fields.Clear();
  head.fields.Add(":status", "100");
  const auto vectors = head.Vectors();
  nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream.id, nullptr, vectors.data(),
                         vectors.size(), nullptr);
}

void Http2Session::State::Answer(Http2Stream& stream, Response response, std::string_view today) {
  if (std::exchange(stream.answered, true)) return;
  const std::uint64_t length = response.BodyBytes();
  const bool has_body =
      !stream.without_body && MayHaveBody(response.status) && length + response.trailers.size() > 0;
  if (has_body) {
    stream.body.Begin(response);
    stream.trailers = std::move(response.trailers);
  }
  if (stream.streamed) stream.streamed->answer_ended = true;
  const bool says_length = length > 0 && (!has_body || stream.trailers.empty());
  SubmitHead(stream, response, says_length ? std::optional(length) : std::nullopt, has_body, today);
}

/// Valid until the next head.
std::span<const nghttp2_nv> Http2Session::State::HeadOf(const Response& response,
                                                        std::optional<std::uint64_t> length,
                                                        std::string_view today) {
  const bool is_short = !length && !response.may_compress && response.headers.empty();
  if (is_short && short_head.IsOf(response, today)) return short_head.head.vectors;
  if (is_short) {
    short_head.status = response.status;
    short_head.content_type = response.content_type;
    short_head.date = today;
  }
  LibraryHead& made = is_short ? short_head.head : head;
  Http2Fields& fields = made.fields;
  fields.Clear();
  fields.Add(":status", static_cast<std::uint64_t>(response.status));
  response.VisitHeaders(
      [&fields](std::string_view name, std::string_view value) { fields.Add(name, value); });
  if (length) fields.Add("content-length", *length);
  if (!today.empty()) fields.Add("date", today);
  return made.Vectors();
}

void Http2Session::State::SubmitHead(Http2Stream& stream, const Response& response,
                                     std::optional<std::uint64_t> length, bool has_body,
                                     std::string_view today) {
  const auto vectors = HeadOf(response, length, today);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, StreamId, std::uint8_t*, std::size_t most,
                              std::uint32_t* flags, nghttp2_data_source* source, void* state) {
    return static_cast<State*>(state)->OfferBody(*static_cast<Http2Stream*>(source->ptr), most,
                                                 *flags);
  };
  stream.departure.Begin(now, 0);
  nghttp2_submit_response(session, stream.id, vectors.data(), vectors.size(),
                          has_body ? &provider : nullptr);
}

// Sending.

/// Valid until the next trailers.
std::span<const nghttp2_nv> Http2Session::State::TrailersOf(const Http2Stream& stream) {
  if (last_trailers.trailers != stream.trailers) {
    last_trailers.trailers = stream.trailers;
    last_trailers.head.fields.Clear();
    last_trailers.head.fields.Add(stream.trailers);
    (void)last_trailers.head.Vectors();
  }
  return last_trailers.head.vectors;
}

ssize_t Http2Session::State::OfferBody(Http2Stream& stream, std::size_t most,
                                       std::uint32_t& flags) {
  const auto count = std::min<std::uint64_t>(most, stream.body.left());
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count < stream.body.left()) return static_cast<ssize_t>(count);
  if (stream.streamed && !stream.streamed->answer_ended)
    return count > 0 ? static_cast<ssize_t>(count) : ssize_t{NGHTTP2_ERR_DEFERRED};
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers.empty()) return static_cast<ssize_t>(count);
  flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  const auto trailers = TrailersOf(stream);
  nghttp2_submit_trailer(session, stream.id, trailers.data(), trailers.size());
  return static_cast<ssize_t>(count);
}

void Http2Session::State::MoveBody(const nghttp2_data_source& source, std::size_t size) {
  Http2Stream& stream = *static_cast<Http2Stream*>(source.ptr);
  stream.body.Move(size, output);
  if (!stream.streamed || !stream.streamed->is_full) return;
  if (stream.body.left() > limits.http2.stream_unsent / 2) return;
  stream.streamed->is_full = false;
  NoteWork(stream);
}

void Http2Session::State::Send(Http2Stream& stream, std::vector<BodyPart> parts) {
  if (!stream.answered || stream.streamed->answer_ended) return;
  if (stream.body.left() == 0) stream.departure.Begin(now, stream.body.sent());
  stream.body.Add(std::move(parts));
  stream.streamed->is_full = stream.body.left() > limits.http2.stream_unsent;
  nghttp2_session_resume_data(session, stream.id);
}

int Http2Session::State::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    // What the peer did wrong counts like a reset of its own: both make us drop work. A stream too
    // many does not, since it may not have known the bound yet.
    const std::uint32_t code = frame.rst_stream.error_code;
    if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_REFUSED_STREAM || resets.Spend(now)) return 0;
    return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return 0;
  control_frames.Earn(2);
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  resets.Earn(1);
  // RFC 9113 8.1: an answer that did not need the rest of the request tells the client to stop.
  const Http2Stream* stream = Find(frame.hd.stream_id);
  if (stream != nullptr && !stream->arrived)
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
  return 0;
}

}  // namespace slipway::net
