#include "net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "net/content_coding.h"
#include "net/frame_budget.h"
#include "net/http2_fields.h"
#include "net/http2_stream.h"
#include "net/response_head.h"

namespace slipway::net {
namespace {

/// Unsent bytes beyond which no further frame is made.
constexpr std::size_t kMostOutput = 256 * 1024;
/// One frame of an answer: small enough that streams take turns.
constexpr std::size_t kLargestFrame = 64 * 1024;
constexpr std::size_t kFrameHead = 9;
/// Frames that continue one head; eight full ones hold far more than a head may.
constexpr std::size_t kMostContinuations = 8;
constexpr std::chrono::milliseconds kBudgetPeriod{10'000};
/// Stream numbers that a client has passed over and must not come back to; older ones are
/// forgotten.
constexpr std::size_t kMostGaps = 16;
constexpr std::uint8_t kShutdownPing[8] = {'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};

/// A client that is still sending may not look at an answer, or take it for the answer to less than
/// it said; one that asked whether to go on, or has much to say, is told at once.
bool IsRestWorthWaitingFor(const Http2Stream& stream) {
  const RequestHead& head = stream.head.head();
  return !stream.arrived && head.Find("expect") == nullptr &&
         head.content_length.value_or(0) <= kDiscardableBody;
}

std::string_view View(const std::uint8_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

std::uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

void AppendBigEndian(std::uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

/// The library's objects that a new session is made with, and freed after.
struct Setup {
  Setup() {
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option_new(&options);
  }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;
  ~Setup() {
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
};

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

/// The library's session and what its callbacks work on.
struct Http2Session::State {
  State(ServerContext& the_context, std::string the_peer, OutputQueue& the_output,
        MonotonicTime the_now);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { nghttp2_session_del(session); }

  void SetCallbacks(nghttp2_session_callbacks* callbacks);
  void Greet();

  // Receiving.
  int OnFrameBegin(const nghttp2_frame_hd& frame);
  int OnHeadBegin(const nghttp2_frame& frame);
  int OnField(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int OnFrame(const nghttp2_frame& frame);
  void OnHead(Http2Stream& stream, bool has_body);
  int OnBody(StreamId id, std::span<const std::byte> bytes);
  void OnArrived(Http2Stream& stream);
  void NoteNumber(StreamId id);

  // Answering.
  void Reject(Http2Stream& stream, Response response);
  void Refuse(Http2Stream& stream, const Refusal& refusal);
  void Answer(Http2Stream& stream, Response response, std::string_view date);
  void SayContinue(const Http2Stream& stream);
  std::span<const nghttp2_nv> Vectors();

  // Sending.
  ssize_t OfferBody(Http2Stream& stream, std::size_t most, std::uint32_t& flags);
  int OnFrameSent(const nghttp2_frame& frame);
  bool OutputIsFull() const { return output.bytes() >= kMostOutput; }

  // Ending.
  void OnStreamClosed(StreamId id);
  void CheckTimes(Http2Stream& stream, bool reading);
  void BeginShutdown();
  void FinishShutdown();
  int Terminate(std::uint32_t code, std::string_view reason);

  Http2Stream* Find(StreamId id) const {
    return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  enum class Shutdown : std::uint8_t { kNo, kAnnounced, kFinished };

  ServerContext& context;
  const HttpLimits& limits;
  const std::string peer;
  OutputQueue& output;
  nghttp2_session* session = nullptr;
  MonotonicTime now;

  std::vector<std::shared_ptr<Http2Stream>> streams;
  std::deque<std::shared_ptr<Http2Stream>> complete;  ///< for Next()
  StreamId highest = -1;
  std::deque<std::pair<StreamId, StreamId>> gaps;  ///< numbers never used, from and to

  FrameBudget resets;
  FrameBudget control_frames;
  FrameBudget empty_frames;

  std::string date;  ///< the last one told, for answers that the session itself gives
  Http2Fields fields;
  std::vector<nghttp2_nv> vectors;

  bool greeted = false;    ///< the client's first SETTINGS came
  StreamId head_open = 0;  ///< the stream whose head is arriving, 0: none
  MonotonicTime head_since;
  std::size_t continuations = 0;  ///< of that head
  MonotonicTime idle_since;
  Shutdown shutdown = Shutdown::kNo;
  MonotonicTime shutdown_since;
  bool terminated = false;
};

Http2Session::State::State(ServerContext& the_context, std::string the_peer,
                           OutputQueue& the_output, MonotonicTime the_now)
    : context(the_context),
      limits(the_context.limits),
      peer(std::move(the_peer)),
      output(the_output),
      now(the_now),
      resets(limits.http2.resets, kBudgetPeriod, now),
      control_frames(limits.http2.control_frames, kBudgetPeriod, now),
      empty_frames(limits.http2.empty_frames, kBudgetPeriod, now),
      idle_since(now) {
  const Setup setup;
  SetCallbacks(setup.callbacks);
  // The windows open as bodies are taken, by OnBody().
  nghttp2_option_set_no_auto_window_update(setup.options, 1);
  // The library counts each piece in which a frame's nine bytes come; frames are counted by us.
  nghttp2_option_set_max_continuations(setup.options, kFrameHead * kMostContinuations);
  nghttp2_session_server_new2(&session, setup.callbacks, this, setup.options);
  Greet();
}

void Http2Session::State::SetCallbacks(nghttp2_session_callbacks* callbacks) {
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
  nghttp2_session_callbacks_set_send_callback(callbacks,
                                              [](nghttp2_session*, const std::uint8_t* bytes,
                                                 std::size_t size, int, void* state) -> ssize_t {
                                                auto& self = *static_cast<State*>(state);
                                                if (self.OutputIsFull())
                                                  return NGHTTP2_ERR_WOULDBLOCK;
                                                self.output.text().append(View(bytes, size));
                                                self.output.TextAppended();
                                                return static_cast<ssize_t>(size);
                                              });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks,
      [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
         nghttp2_data_source* source, void* state) -> int {
        auto& self = *static_cast<State*>(state);
        if (self.OutputIsFull()) return NGHTTP2_ERR_WOULDBLOCK;
        self.output.text().append(View(frame_head, kFrameHead));
        self.output.TextAppended();
        static_cast<Http2Stream*>(source->ptr)->body.Move(size, self.output);
        return 0;
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, StreamId, std::int32_t session_window,
         std::int32_t stream_window, std::uint32_t frame_bytes, void*) -> ssize_t {
        return std::min<ssize_t>(
            {session_window, stream_window, static_cast<ssize_t>(frame_bytes), kLargestFrame});
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* state) {
        return static_cast<State*>(state)->OnFrameSent(*frame);
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

// Receiving.

int Http2Session::State::OnFrameBegin(const nghttp2_frame_hd& frame) {
  switch (frame.type) {
    case NGHTTP2_DATA:
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
    if (IsRestWorthWaitingFor(stream)) {
      stream.verdict = std::move(*plan.reject);
      return;
    }
    return Reject(stream, std::move(*plan.reject));
  }
  if (!has_body) return;
  if (const auto refusal = BodyReceiver::Open(head, plan, context.body_memory, stream.receiver))
    return Refuse(stream, *refusal);
  if (head.Find("expect") != nullptr) SayContinue(stream);
}

/// The windows open at once for what is taken: how much all bodies may hold is BodyMemory's to
/// bound. A body that is dropped opens the connection's window only, so that its stream dries up.
int Http2Session::State::OnBody(StreamId id, std::span<const std::byte> bytes) {
  Http2Stream* stream = Find(id);
  if (stream != nullptr) stream->received += bytes.size();
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

void Http2Session::State::OnArrived(Http2Stream& stream) {
  stream.arrived = true;
  if (stream.verdict) Reject(stream, {});
  if (stream.answered) return;
  if (stream.receiver) {
    if (const auto refusal = stream.receiver->Finish()) return Refuse(stream, *refusal);
  }
  complete.push_back(streams[stream.index]);
}

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
  fields.Clear();
  fields.Add(":status", "100");
  const auto head = Vectors();
  nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream.id, nullptr, head.data(), head.size(),
                         nullptr);
}

void Http2Session::State::Answer(Http2Stream& stream, Response response, std::string_view today) {
  if (std::exchange(stream.answered, true)) return;
  const std::uint64_t length = response.BodyBytes();
  fields.Clear();
  fields.Add(":status", static_cast<std::uint64_t>(response.status));
  response.VisitHeaders(
      [this](std::string_view name, std::string_view value) { fields.Add(name, value); });
  if (length > 0 && response.trailers.empty()) fields.Add("content-length", length);
  if (!today.empty()) fields.Add("date", today);
  const auto head = Vectors();
  const bool has_body =
      !stream.without_body && MayHaveBody(response.status) && length + response.trailers.size() > 0;
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, StreamId, std::uint8_t*, std::size_t most,
                              std::uint32_t* flags, nghttp2_data_source* source, void* state) {
    return static_cast<State*>(state)->OfferBody(*static_cast<Http2Stream*>(source->ptr), most,
                                                 *flags);
  };
  if (has_body) {
    stream.body.Set(response.TakeBody());
    stream.trailers = std::move(response.trailers);
  }
  stream.departure.Begin(now, 0);
  nghttp2_submit_response(session, stream.id, head.data(), head.size(),
                          has_body ? &provider : nullptr);
}

/// The gathered fields as the library wants them, which copies them.
std::span<const nghttp2_nv> Http2Session::State::Vectors() {
  vectors.clear();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    vectors.push_back({Bytes(name), Bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return vectors;
}

// Sending.

ssize_t Http2Session::State::OfferBody(Http2Stream& stream, std::size_t most,
                                       std::uint32_t& flags) {
  const auto count = std::min<std::uint64_t>(most, stream.body.left());
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count < stream.body.left()) return static_cast<ssize_t>(count);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers.empty()) return static_cast<ssize_t>(count);
  flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  fields.Clear();
  fields.Add(stream.trailers);
  const auto trailers = Vectors();
  nghttp2_submit_trailer(session, stream.id, trailers.data(), trailers.size());
  return static_cast<ssize_t>(count);
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

// Ending.

void Http2Session::State::OnStreamClosed(StreamId id) {
  if (head_open == id) head_open = 0;
  Http2Stream* stream = Find(id);
  if (stream == nullptr) return;
  if (!stream->answered) stream->cancelled.store(true, std::memory_order_relaxed);
  const std::size_t index = stream->index;
  std::swap(streams[index], streams.back());
  streams[index]->index = index;
  streams.pop_back();
  if (streams.empty()) idle_since = now;
}

void Http2Session::State::CheckTimes(Http2Stream& stream, bool reading) {
  const std::uint64_t rate = limits.body_bytes_per_second;
  if (!stream.answered && !stream.arrived && stream.id != head_open) {
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

Http2Session::Http2Session(ServerContext& context, std::string peer, OutputQueue& output,
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
  const ssize_t taken = nghttp2_session_mem_recv(state.session, Bytes(bytes), bytes.size());
  if (taken >= 0) return;
  const int error = static_cast<int>(taken);
  state.Terminate(ErrorCodeOf(error), nghttp2_strerror(error));
}

std::optional<Http2Session::Request> Http2Session::Next() {
  State& state = *state_;
  while (!state.complete.empty()) {
    const std::shared_ptr<Http2Stream> stream = std::move(state.complete.front());
    state.complete.pop_front();
    if (stream->cancelled.load(std::memory_order_relaxed) || stream->answered) continue;
    stream->served = true;
    return Request{.stream = stream->id,
                   .head = stream->head.Take(),
                   .body = stream->receiver ? stream->receiver->Take() : BodyBuffer(),
                   .cancelled = {stream, &stream->cancelled}};
  }
  return std::nullopt;
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
