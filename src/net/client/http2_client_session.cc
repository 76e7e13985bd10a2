#include "net/client/http2_client_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "net/http2/http2_fields.h"
#include "net/http2/library_session.h"

namespace slipway::net {
namespace {

using StreamId = std::int32_t;

constexpr std::uint32_t kLargestTaken = 256 * 1024;  // a frame of the body
constexpr std::size_t kMostUnsent = 1 << 20;         // then the socket goes first
constexpr std::uint64_t kMostReserved = 1 << 26;     // by what Content-Length says alone

Status NotHttp2() { return DataLoss("the server's answer is not HTTP/2"); }

}  // namespace

/// What the library calls back to.
struct Http2ClientSession::Parts {
  explicit Parts(const AnswerLimits& the_limits);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { nghttp2_session_del(session); }

  static void SetReceiving(nghttp2_session_callbacks* callbacks);
  void Greet();

  int Fail(Status status);
  int OnField(StreamId id, std::string_view name, std::string_view value);
  int OnBody(StreamId id, std::string_view bytes);
  void OnFrame(const nghttp2_frame& frame);
  void OnStreamClosed(StreamId id, std::uint32_t code);
  ssize_t OfferBody(std::size_t most, std::uint32_t& flags);
  bool OutputIsFull() const { return output.bytes() > kMostUnsent; }
  void MoveBody(const nghttp2_data_source& source, std::size_t size);
  int OnFrameSent(const nghttp2_frame& frame);

  const AnswerLimits limits;
  nghttp2_session* session = nullptr;
  OutputQueue output;
  Status failure;

  // Of the request that was begun last.
  StreamId id = 0;  ///< 0: there was none
  State state = State::kIdle;
  std::uint32_t reset_code = 0;
  std::vector<std::string_view> unsent;  ///< of its body, in order; its last has bytes
  std::size_t first_unsent = 0;
  std::uint64_t unsent_bytes = 0;
  HttpAnswer answer;
  bool in_trailers = false;
  std::size_t head_bytes = 0;  ///< of all its heads and trailers
};

Http2ClientSession::Parts::Parts(const AnswerLimits& the_limits) : limits(the_limits) {
  const LibrarySetup setup;
  SetReceiving(setup.callbacks);
  SendIntoOutput<Parts>(setup.callbacks);
  nghttp2_session_client_new2(&session, setup.callbacks, this, setup.options);
  Greet();
}

void Http2ClientSession::Parts::SetReceiving(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        auto& parts = *static_cast<Parts*>(self);
        if (frame->hd.stream_id == parts.id) parts.in_trailers = parts.answer.status >= 200;
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
        return static_cast<Parts*>(self)->OnField(frame->hd.stream_id, View(name, name_size),
                                                  View(value, value_size));
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* bytes, std::size_t size,
         void* self) { return static_cast<Parts*>(self)->OnBody(id, View(bytes, size)); });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        static_cast<Parts*>(self)->OnFrame(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, StreamId id, std::uint32_t code, void* self) {
        static_cast<Parts*>(self)->OnStreamClosed(id, code);
        return 0;
      });
}

int Http2ClientSession::Parts::OnFrameSent(const nghttp2_frame& frame) {
  // Said by the library alone, of what it cannot go on with.
  if (frame.hd.type == NGHTTP2_GOAWAY) (void)Fail(NotHttp2());
  return 0;
}

/// Our half of the preface.
void Http2ClientSession::Parts::Greet() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kWindow)},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kLargestTaken},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head_bytes)}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow);
}

/// The first failure counts.
int Http2ClientSession::Parts::Fail(Status status) {
  if (failure.ok()) failure = std::move(status);
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2ClientSession::Parts::OnField(StreamId of, std::string_view name, std::string_view value) {
  if (of != id || state != State::kUnderWay) return 0;
  head_bytes += name.size() + value.size();
  if (head_bytes > limits.head_bytes) {
    return Fail(ResourceExhausted(fmt::format("the head of the server's answer is larger than {}",
                                              HumanBytes(limits.head_bytes))));
  }
  if (name == ":status") {
    answer.status = static_cast<int>(ParseUint64(value).value_or(0));  // three digits
    answer.headers.clear();                                            // of an interim answer
    return 0;
  }
  (in_trailers ? answer.trailers : answer.headers).emplace_back(name, value);
  return 0;
}

int Http2ClientSession::Parts::OnBody(StreamId of, std::string_view bytes) {
  if (of != id || state != State::kUnderWay) return 0;
  if (bytes.size() > limits.body_bytes - answer.body.size()) {
    return Fail(ResourceExhausted(
        fmt::format("the server's answer is larger than {}", HumanBytes(limits.body_bytes))));
  }
  if (answer.body.empty()) {
    const std::string* const told = answer.Find("content-length");
    const std::uint64_t length = told == nullptr ? 0 : ParseUint64(*told).value_or(0);
    answer.body.reserve(std::min({length, limits.body_bytes, kMostReserved}));
  }
  answer.body.append(bytes);
  return 0;
}

void Http2ClientSession::Parts::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.stream_id != id || state != State::kUnderWay) return;
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    reset_code = frame.rst_stream.error_code;
    state = reset_code == NGHTTP2_REFUSED_STREAM ? State::kRefused : State::kReset;
    return;
  }
  const bool carries = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  if (carries && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) state = State::kAnswered;
}

void Http2ClientSession::Parts::OnStreamClosed(StreamId of, std::uint32_t code) {
  if (of != id) return;
  unsent_bytes = 0;  // nobody asks for it any more
  if (state != State::kUnderWay) return;
  // The library closes what a GOAWAY leaves out; anything else it closed for being no HTTP.
  if (code == NGHTTP2_REFUSED_STREAM) {
    state = State::kRefused;
  } else {
    (void)Fail(NotHttp2());
  }
}

ssize_t Http2ClientSession::Parts::OfferBody(std::size_t most, std::uint32_t& flags) {
  const auto count = std::min<std::uint64_t>(most, unsent_bytes);
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == unsent_bytes) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

void Http2ClientSession::Parts::MoveBody(const nghttp2_data_source& /*source*/, std::size_t size) {
  unsent_bytes -= size;
  while (size > 0) {
    std::string_view& part = unsent[first_unsent];
    const std::size_t taken = std::min(size, part.size());
    output.Append(
        BodyPart{.bytes = std::as_bytes(std::span(part.substr(0, taken))), .keeper = nullptr});
    part.remove_prefix(taken);
    size -= taken;
    if (part.empty()) ++first_unsent;
  }
}

Http2ClientSession::Http2ClientSession(const AnswerLimits& limits)
    : parts_(std::make_unique<Parts>(limits)) {}
Http2ClientSession::~Http2ClientSession() = default;

bool Http2ClientSession::MayBegin() const {
  return parts_->failure.ok() && parts_->state != State::kUnderWay &&
         nghttp2_session_check_request_allowed(parts_->session) != 0;
}

void Http2ClientSession::Begin(const ClientRequest& request, const HttpUrl& server) {
  Parts& parts = *parts_;
  parts.unsent = {request.body};
  parts.unsent.insert(parts.unsent.end(), request.more_body.begin(), request.more_body.end());
  parts.first_unsent = 0;
  parts.unsent_bytes = request.BodyBytes();
  parts.answer = {};
  parts.in_trailers = false;
  parts.head_bytes = 0;
  parts.state = State::kUnderWay;

  Http2Fields fields;
  fields.Add(":method", request.method);
  fields.Add(":scheme", server.tls ? "https" : "http");
  fields.Add(":authority", server.Authority());
  fields.Add(":path", request.target);
  for (const auto& [name, value] : request.headers) fields.Add(name, value);
  std::vector<nghttp2_nv> head;
  FillVectors(fields, head);
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, StreamId, std::uint8_t*, std::size_t most,
                          std::uint32_t* flags, nghttp2_data_source*, void* self) {
    return static_cast<Parts*>(self)->OfferBody(most, *flags);
  };
  parts.id = nghttp2_submit_request(parts.session, nullptr, head.data(), head.size(),
                                    parts.unsent_bytes > 0 ? &body : nullptr, nullptr);
  if (parts.id < 0) (void)parts.Fail(Internal("the request cannot be sent over HTTP/2"));
}

Http2ClientSession::State Http2ClientSession::state() const { return parts_->state; }
std::uint32_t Http2ClientSession::reset_code() const { return parts_->reset_code; }
HttpAnswer Http2ClientSession::Take() { return std::move(parts_->answer); }
OutputQueue& Http2ClientSession::output() { return parts_->output; }
const Status& Http2ClientSession::failure() const { return parts_->failure; }

void Http2ClientSession::Feed(std::string_view bytes) {
  if (!parts_->failure.ok()) return;
  const ssize_t taken =
      nghttp2_session_mem_recv(parts_->session, LibraryBytes(bytes), bytes.size());
  if (taken < 0) (void)parts_->Fail(NotHttp2());
}

void Http2ClientSession::Write() {
  if (!parts_->failure.ok()) return;
  if (nghttp2_session_send(parts_->session) != 0) (void)parts_->Fail(NotHttp2());
}

void Http2ClientSession::DropRest() {
  if (parts_->unsent_bytes == 0) return;
  nghttp2_submit_rst_stream(parts_->session, NGHTTP2_FLAG_NONE, parts_->id, NGHTTP2_CANCEL);
}

}  // namespace slipway::net
