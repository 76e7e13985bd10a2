#include "net/http2/http2_session.h"

#include <algorithm>
#include <utility>

#include "net/http2/http2_session_state.h"

namespace slipway::net {
namespace {

constexpr std::chrono::milliseconds kBudgetPeriod{10'000};

void AppendBigEndian(std::uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t ErrorCodeOf(int library_error) {
  switch (library_error) {
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return NGHTTP2_PROTOCOL_ERROR;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

}  // namespace

Http2Session::State::State(ServerContext& the_context, Peer the_peer, OutputQueue& the_output,
                           MonotonicTime the_now)
    : context(the_context),
      limits(the_context.limits),
      peer(std::move(the_peer)),
      output(the_output),
      now(the_now),
      resets(limits.http2.resets, kBudgetPeriod, now),
      control_frames(limits.http2.control_frames, kBudgetPeriod, now),
      empty_frames(limits.http2.empty_frames, kBudgetPeriod, now),
      idle_since(now) {
  const LibrarySetup setup;
  SetReceiving(setup.callbacks);
  SendIntoOutput<State>(setup.callbacks);
  // The windows open as bodies are taken, by OnBody().
  nghttp2_option_set_no_auto_window_update(setup.options, 1);
  nghttp2_session_server_new2(&session, setup.callbacks, this, setup.options);
  Greet();
}

void Http2Session::State::SetReceiving(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame_hd* frame, void* state) {
        return static_cast<State*>(state)->OnFrameBegin(*frame);
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* state) {
        return static_cast<State*>(state)->OnHeadBegin(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* state) {
        return static_cast<State*>(state)->OnField(*frame, View(name, name_size),
                                                   View(value, value_size));
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* state) {
        return static_cast<State*>(state)->OnFrame(*frame);
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* bytes,
                    std::size_t size, void* state) {
        return static_cast<State*>(state)->OnBody(id, std::as_bytes(std::span(bytes, size)));
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, StreamId id, std::uint32_t, void* state) {
        static_cast<State*>(state)->OnStreamClosed(id);
        return 0;
      });
}

/// Our half of the preface.
void Http2Session::State::Greet() {
  const Http2Limits& ours = limits.http2;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, ours.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, ours.stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, ours.frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes)}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(ours.connection_window));
}

// Ending.

void Http2Session::State::OnStreamClosed(StreamId id) {
  if (head_open == id) head_open = 0;
  Http2Stream* stream = Find(id);
  if (stream == nullptr) return;
  if (!stream->answered || stream->streamed)
    stream->cancelled.store(true, std::memory_order_relaxed);
  if (stream->streamed) Leave(*stream);
  found_id = 0;
  found = nullptr;
  const std::size_t index = stream->index;
  std::swap(streams[index], streams.back());
  streams[index]->index = index;
  streams.pop_back();
  if (streams.empty()) idle_since = now;
}

/// Of a streamed request that closed: its handler hears a last time, and the connection's window
/// opens for what nobody will consume.
void Http2Session::State::Leave(Http2Stream& stream) {
  stream.streamed->is_closed = true;
  nghttp2_session_consume_connection(session, std::exchange(stream.streamed->unconsumed, 0));
  NoteWork(stream);
}

/// A streamed request that has news for its handler, which hears of it in the next round.
void Http2Session::State::NoteWork(Http2Stream& stream) {
  if (!stream.streamed || std::exchange(stream.streamed->has_work, true)) return;
  with_work.push_back(streams[stream.index]);
}

void Http2Session::State::Consume(Http2Stream& stream, std::size_t bytes) {
  const std::size_t consumed = std::min(bytes, stream.streamed->unconsumed);
  stream.streamed->unconsumed -= consumed;
  nghttp2_session_consume(session, stream.id, consumed);
}

void Http2Session::State::CheckStreamed(Http2Stream& stream, bool reading) {
  StreamedRequest& streamed = *stream.streamed;
  if (!streamed.awaits_body || stream.arrived || !reading) {
    stream.arrival.Begin(now, stream.received);
  } else if (!stream.arrival.Holds(now, stream.received, limits.body_grace,
                                   limits.body_bytes_per_second)) {
    streamed.is_late = true;
    NoteWork(stream);
  }
  if (now < streamed.wake_at) return;
  streamed.wake_at = MonotonicTime::max();
  NoteWork(stream);
}

/// A stream may rest for hours, which looks from here as a client does that is no longer there.
void Http2Session::State::CheckPeer() {
  if (streams.empty() || now - last_received < limits.idle_timeout) return;
  if (asked_since <= last_received) {
    asked_since = now;
    nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
  } else if (now - asked_since >= limits.idle_timeout) {
    Terminate(NGHTTP2_NO_ERROR, "the client does not answer a ping");
  }
}

void Http2Session::State::CheckTimes(Http2Stream& stream, bool reading) {
  const std::uint64_t rate = limits.body_bytes_per_second;
  if (stream.streamed) {
    CheckStreamed(stream, reading);
  } else if (!stream.answered && !stream.arrived && stream.id != head_open) {
    if (!reading) return stream.arrival.Begin(now, stream.received);
    if (!stream.arrival.Holds(now, stream.received, limits.body_grace, rate))
      Refuse(stream, {408, "the request's body does not arrive at the least rate"});
  }
  if (!stream.answered || stream.body.left() == 0) return;
  // Behind a full output the socket is slow, which is the owner's to judge; here it is the windows.
  if (OutputIsFull()) return stream.departure.Begin(now, stream.body.sent());
  if (!stream.departure.Holds(now, stream.body.sent(), limits.write_stall, rate))
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
}

void Http2Session::State::BeginShutdown() {
  if (shutdown != Shutdown::kNo || terminated) return;
  shutdown = Shutdown::kAnnounced;
  shutdown_since = now;
  // The answer to the ping comes behind everything that the client sent before it knew.
  nghttp2_submit_shutdown_notice(session);
  nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, kShutdownPing);
  for (const auto& stream : streams) NoteWork(*stream);
}

void Http2Session::State::FinishShutdown() {
  shutdown = Shutdown::kFinished;
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

/// Ends everything now, with a reason for whoever reads the client's log. Makes its frame by hand,
/// since the library may be past sending. The result is for a callback to return.
int Http2Session::State::Terminate(std::uint32_t code, std::string_view reason) {
  if (std::exchange(terminated, true)) return NGHTTP2_ERR_CALLBACK_FAILURE;
  std::string& text = output.text();
  AppendBigEndian(static_cast<std::uint32_t>((8 + reason.size()) << 8 | NGHTTP2_GOAWAY), text);
  text.append(5, '\0');  // no flags, stream 0
  AppendBigEndian(static_cast<std::uint32_t>(nghttp2_session_get_last_proc_stream_id(session)),
                  text);
  AppendBigEndian(code, text);
  text.append(reason);
  output.TextAppended();
  for (const auto& stream : streams) stream->cancelled.store(true, std::memory_order_relaxed);
  complete.clear();
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

Http2Session::Http2Session(ServerContext& context, Peer peer, OutputQueue& output,
                           MonotonicTime now)
    : state_(std::make_unique<State>(context, std::move(peer), output, now)) {}

Http2Session::~Http2Session() {
  for (const auto& stream : state_->streams)
    stream->cancelled.store(true, std::memory_order_relaxed);
}

void Http2Session::Receive(std::string_view bytes, MonotonicTime now) {
  State& state = *state_;
  state.now = now;
  if (state.terminated) return;
  state.last_received = now;
  const ssize_t taken = nghttp2_session_mem_recv(state.session, LibraryBytes(bytes), bytes.size());
  if (taken >= 0) return;
  const int error = static_cast<int>(taken);
  state.Terminate(ErrorCodeOf(error), nghttp2_strerror(error));
}

std::span<std::byte> Http2Session::DirectRoom() {
  State& state = *state_;
  if (state.payload_left == 0 || state.terminated) return {};
  Http2Stream* stream = state.Find(state.payload_of);
  if (stream == nullptr || !stream->receiver || stream->answered) return {};
  const std::span<std::byte> room = stream->receiver->FramedRoom();
  return room.first(std::min(room.size(), state.payload_left));
}

/// The library passes on the place at which it finds a body's bytes, which is theirs already.
void Http2Session::Fill(std::size_t count, MonotonicTime now) {
  Receive({reinterpret_cast<const char*>(DirectRoom().data()), count}, now);
}

std::optional<Http2Session::Request> Http2Session::Next() {
  State& state = *state_;
  while (!state.complete.empty()) {
    std::shared_ptr<Http2Stream> stream = std::move(state.complete.front());
    state.complete.pop_front();
    if (stream->cancelled.load(std::memory_order_relaxed) || stream->answered) continue;
    stream->served = true;
    Request request{.stream = stream->id,
                    .head = stream->head.Take(),
                    .body = stream->receiver ? stream->receiver->Take() : BodyBuffer(),
                    .handler = stream->streamed ? stream->streamed->handler : nullptr};
    const std::atomic<bool>& cancelled = stream->cancelled;
    request.cancelled = {std::move(stream), &cancelled};
    return request;
  }
  return std::nullopt;
}

std::optional<Http2Session::Work> Http2Session::NextWork() {
  State& state = *state_;
  while (!state.with_work.empty()) {
    const std::shared_ptr<Http2Stream> stream = std::move(state.with_work.front());
    state.with_work.pop_front();
    StreamedRequest& streamed = *stream->streamed;
    streamed.has_work = false;
    // A handler holds what keeps its stream: the last call is where that circle ends.
    if (stream->served && streamed.is_closed) return Work{std::move(streamed.handler), true};
    if (stream->served) return Work{streamed.handler, false};
  }
  return std::nullopt;
}

bool Http2Session::HasWork() const { return !state_->with_work.empty(); }

std::vector<std::shared_ptr<StreamHandler>> Http2Session::Abandon() {
  std::vector<std::shared_ptr<StreamHandler>> handlers;
  while (std::optional<Work> work = NextWork()) {
    if (work->is_last) handlers.push_back(std::move(work->handler));
  }
  for (const auto& stream : state_->streams) {
    stream->cancelled.store(true, std::memory_order_relaxed);
    if (stream->streamed && stream->served)
      handlers.push_back(std::move(stream->streamed->handler));
  }
  return handlers;
}

void Http2Session::ResetStreamed() {
  for (const auto& stream : state_->streams) {
    if (!stream->streamed || stream->cancelled.exchange(true, std::memory_order_relaxed)) continue;
    nghttp2_submit_rst_stream(state_->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
  }
}

unsigned Http2Session::TakeRejected() { return std::exchange(state_->rejected, 0); }

StreamExchange::State Http2Session::StateOf(StreamId id) const {
  State& state = *state_;
  const Http2Stream* const stream = state.Find(id);
  StreamExchange::State told{.now = state.now,
                             .is_draining = state.shutdown != State::Shutdown::kNo};
  told.is_gone = stream == nullptr || state.terminated;
  if (told.is_gone) return told;
  told.body_ended = stream->arrived;
  told.is_late = stream->streamed->is_late;
  told.has_room = !stream->streamed->is_full;
  return told;
}

void Http2Session::Consume(StreamId id, std::size_t bytes) {
  if (Http2Stream* stream = state_->Find(id)) state_->Consume(*stream, bytes);
}

void Http2Session::AwaitBody(StreamId id, bool awaits) {
  Http2Stream* const stream = state_->Find(id);
  if (stream == nullptr || stream->streamed->awaits_body == awaits) return;
  stream->streamed->awaits_body = awaits;
  stream->arrival.Begin(state_->now, stream->received);
}

void Http2Session::WakeAt(StreamId id, MonotonicTime when) {
  if (Http2Stream* stream = state_->Find(id)) stream->streamed->wake_at = when;
}

void Http2Session::Begin(StreamId id, const Response& head, std::string_view date) {
  Http2Stream* const stream = state_->Find(id);
  if (stream == nullptr || state_->terminated || std::exchange(stream->answered, true)) return;
  state_->SubmitHead(*stream, head, std::nullopt, true, date);
}

void Http2Session::Send(StreamId id, std::vector<BodyPart> parts) {
  if (Http2Stream* stream = state_->Find(id)) state_->Send(*stream, std::move(parts));
}

void Http2Session::End(StreamId id, std::vector<ResponseHeader> trailers) {
  Http2Stream* const stream = state_->Find(id);
  if (stream == nullptr || std::exchange(stream->streamed->answer_ended, true)) return;
  stream->trailers = std::move(trailers);
  nghttp2_session_resume_data(state_->session, id);
}

void Http2Session::Answer(StreamId id, Response response, std::string_view date) {
  State& state = *state_;
  if (state.terminated) return;
  if (state.date != date) state.date = date;
  if (Http2Stream* stream = state.Find(id)) state.Answer(*stream, std::move(response), date);
}

void Http2Session::Write() {
  State& state = *state_;
  if (state.terminated) return;
  const int error = nghttp2_session_send(state.session);
  if (error != 0) state.Terminate(ErrorCodeOf(error), nghttp2_strerror(error));
}

bool Http2Session::HasOutput() const {
  return state_->terminated || nghttp2_session_want_write(state_->session) != 0 || HasEnded();
}

bool Http2Session::OutputIsFull() const { return state_->OutputIsFull(); }

void Http2Session::BeginShutdown() { state_->BeginShutdown(); }

void Http2Session::Sweep(MonotonicTime now, bool reading) {
  State& state = *state_;
  const HttpLimits& limits = state.limits;
  state.now = now;
  if (state.terminated) return;
  if (!state.greeted && now - state.idle_since >= limits.header_timeout) {
    state.Terminate(NGHTTP2_SETTINGS_TIMEOUT, "the connection preface did not arrive in time");
    return;
  }
  if (state.head_open != 0 && reading && now - state.head_since >= limits.header_timeout) {
    state.Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "a request's head did not arrive in time");
    return;
  }
  if (state.streams.empty() && now - state.idle_since >= limits.idle_timeout) state.BeginShutdown();
  if (state.shutdown == State::Shutdown::kAnnounced &&
      now - state.shutdown_since >= limits.drain_linger)
    state.FinishShutdown();
  for (const auto& stream : state.streams) state.CheckTimes(*stream, reading);
  if (reading) state.CheckPeer();
}

bool Http2Session::HasEnded() const {
  return state_->terminated || (nghttp2_session_want_read(state_->session) == 0 &&
                                nghttp2_session_want_write(state_->session) == 0);
}

std::size_t Http2Session::open_streams() const { return state_->streams.size(); }

std::size_t Http2Session::arriving_streams() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      state_->streams, [](const auto& stream) { return !stream->served && !stream->answered; }));
}

}  // namespace slipway::net
