#include "net/server/connection.h"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "net/http/response_head.h"
#include "net/server/http1_protocol.h"
#include "net/server/http2_protocol.h"

namespace slipway::net {
namespace {

/// What a client that knows that this port speaks HTTP/2 says first (RFC 9113 3.4). As a request of
/// HTTP/1.1 it is none.
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How a record begins that holds a handshake of TLS.
constexpr char kTlsHandshake = 0x16;
/// Room smaller than this is not worth a read of its own.
constexpr std::size_t kDirectRoom = 4096;
constexpr int kReadsInARow = 16;
constexpr int kVectors = 64;
/// How long a connection whose last answer is out is still read, so that the answer is not lost to
/// a reset.
constexpr std::chrono::seconds kLinger{2};

}  // namespace

Connection::Connection(Transport transport, Peer peer, std::shared_ptr<EventLoop> loop,
                       ServerContext& context, std::function<void()> on_close)
    : transport_(std::move(transport)),
      peer_(std::move(peer)),
      loop_(std::move(loop)),
      context_(context),
      on_close_(std::move(on_close)),
      awaits_tls_(context.tls != nullptr) {}

Connection::~Connection() = default;

void Connection::Start() {
  position_ = loop_->Add(shared_from_this());
  now_ = opened_ = std::chrono::steady_clock::now();
  watched_ = WantedEvents();
  if (!loop_->Watch(transport_.descriptor(), watched_, *this)) Close();
}

std::shared_ptr<Exchange> Connection::NewExchange(
    std::uint64_t request, RequestHead head, BodyBuffer body, MonotonicTime received,
    std::shared_ptr<const std::atomic<bool>> cancelled) {
  return std::make_shared<ConnectionExchange>(shared_from_this(), request, std::move(head),
                                              std::move(body), received, std::move(cancelled));
}

// Reading.

bool Connection::MayRead() const {
  return !closed_ && !peer_finished_ && (lingering_ || !protocol_ || protocol_->MayRead());
}

/// Where the next bytes belong, if that is worth a read of its own: nowhere, in the body itself, or
/// in `buffer`.
Connection::Intake Connection::Receive(std::span<char> buffer) {
  if (lingering_) return {transport_.ReceiveRaw(buffer), buffer.size(), false};
  if (!protocol_) return {transport_.Receive(buffer), buffer.size(), false};
  const std::size_t droppable = transport_.tls() == nullptr ? protocol_->Droppable() : 0;
  if (droppable >= kDirectRoom) return {transport_.Drop(droppable), droppable, true};
  const std::span<std::byte> room = protocol_->DirectRoom();
  if (room.size() < kDirectRoom) return {transport_.Receive(buffer), buffer.size(), false};
  return {transport_.Receive({reinterpret_cast<char*>(room.data()), room.size()}), room.size(),
          true};
}

std::uint32_t Connection::WantedEvents() const {
  const bool wants_room = waiting_for_room_ || reading_waits_for_room_;
  return (MayRead() ? EPOLLIN : 0u) | (wants_room ? EPOLLOUT : 0u);
}

void Connection::UpdateWatch() {
  if (closed_) return;
  if (transport_.HasBuffered() && MayRead()) ReadBuffered();
  const std::uint32_t wanted = WantedEvents();
  if (wanted == watched_) return;
  watched_ = wanted;
  loop_->ChangeWatch(transport_.descriptor(), watched_, *this);
}

void Connection::OnReady(std::uint32_t events) {
  const std::shared_ptr<Connection> self = shared_from_this();  // it may close
  const bool read_too = std::exchange(reading_waits_for_room_, false);
  if ((events & EPOLLOUT) && waiting_for_room_) {
    waiting_for_room_ = false;
    Enlist();
  }
  if (MayRead()) {
    if ((events & ~EPOLLOUT) || read_too) Read();
  } else if (events & (EPOLLERR | EPOLLHUP)) {
    Close();  // nobody is there to take an answer
  }
}

void Connection::Read() {
  if (awaits_tls_ && !BeginTls()) return;
  const Intake intake = Receive(read_buffer_);
  if (in_handshake_ && transport_.tls()->IsEstablished()) LeaveHandshake();
  if (intake.read.moved()) return OnBytes(intake.is_taken, intake.read.count);
  OnNothing(intake.read.state);
}

void Connection::OnNothing(IoResult::State state) {
  switch (state) {
    case IoResult::State::kEnded:
      return OnEndOfInput();
    case IoResult::State::kWaitsForRoom:
      reading_waits_for_room_ = true;
      return UpdateWatch();
    case IoResult::State::kBroken:
      return transport_.tls() != nullptr && !lingering_ ? EndBrokenTls() : Close();
    default:
      UpdateWatch();
  }
}

void Connection::OnBytes(bool is_taken, std::size_t count) {
  if (lingering_) return;
  if (is_taken || count == read_buffer_.size()) {
    now_ = std::chrono::steady_clock::now();
    Take(is_taken, read_buffer_.data(), count);
    ReadRest();
  } else {
    received_ = count;
  }
  Enlist();
}

void Connection::Take(bool is_taken, const char* bytes, std::size_t count) {
  if (is_taken) {
    protocol_->Received(count, now_);
    protocol_->Parse({}, now_);
  } else if (protocol_) {
    protocol_->Parse({bytes, count}, now_);
  } else if (Choose({bytes, count})) {
    protocol_->Parse(std::exchange(opening_, {}), now_);
  }
}

/// Chooses what is spoken: as TLS agreed, else by the first bytes, which are kept in opening_.
/// False: they may still be the beginning of either.
bool Connection::Choose(std::string_view bytes) {
  opening_.append(bytes);
  const bool agreed_on_http2 = transport_.tls() != nullptr && transport_.tls()->Protocol() == "h2";
  if (!agreed_on_http2 && opening_.size() < kHttp2Preface.size() &&
      kHttp2Preface.starts_with(opening_))
    return false;
  if (transport_.tls() != nullptr) peer_.certificate = transport_.tls()->PeerNames();
  if (agreed_on_http2 || opening_.starts_with(kHttp2Preface)) {
    protocol_ = std::make_unique<Http2Protocol>(*this, context_, peer_, now_);
  } else {
    protocol_ = std::make_unique<Http1Protocol>(*this, context_, peer_, now_);
  }
  return true;
}

/// Answers who speaks something else than this port: in clear text, and once.
void Connection::Refuse(std::string_view message) {
  const std::string text =
      WholeAnswer(context_.service.ErrorResponse(400, message, nullptr), loop_->Date());
  const iovec vector{const_cast<char*>(text.data()), text.size()};
  transport_.Send({&vector, 1});  // it fits in a socket that has sent nothing
  BeginLinger();
}

/// A sender of much has more in the socket: takes it without going through the event loop.
void Connection::ReadRest() {
  for (int i = 0; i < kReadsInARow; ++i) {
    if (lingering_ || !MayRead()) return;
    const std::span<char> scratch = loop_->scratch();
    const Intake intake = Receive(scratch);
    if (!intake.read.moved()) return;  // nothing there, or an end that the next armed read reports
    Take(intake.is_taken, scratch.data(), intake.read.count);
    if (intake.read.count < intake.room && !transport_.HasBuffered()) return;
  }
}

/// The client sends no more. It may have gone or only shut down its side, which looks the same from
/// here: as others do, we take it that a client has gone which leaves a connection in the middle
/// that it meant to keep; but one that said "Connection: close" has merely kept its word, and waits
/// (RFC 9112 9.6). What is done already is sent in any case.
void Connection::OnEndOfInput() {
  peer_finished_ = true;
  const bool awaits = protocol_ && protocol_->AwaitsAnswers();
  if (lingering_ || (!awaits && output_.empty())) return Close();
  if (awaits && !protocol_->ExpectsEndOfInput()) abandoned_.store(true, std::memory_order_relaxed);
  UpdateWatch();
}

/// The socket says nothing of what was received already.
void Connection::ReadBuffered() {
  if (std::exchange(rereading_, true)) return;
  loop_->Post([self = shared_from_this()] {
    self->rereading_ = false;
    // Where it is enlisted, the bytes of its last read come first.
    if (!self->enlisted_ && self->MayRead() && self->transport_.HasBuffered()) self->Read();
  });
}

// Encryption.

/// False: there is nothing to decrypt.
bool Connection::BeginTls() {
  char first = 0;
  const IoResult peeked = transport_.Peek(first);
  if (!peeked.moved()) {
    OnNothing(peeked.state);
    return false;
  }
  awaits_tls_ = false;
  if (first != kTlsHandshake) {
    Refuse("this port speaks TLS: use https:// instead of http://");
    return false;
  }
  if (context_.handshakes.fetch_add(1) >= context_.limits.tls_handshakes) {
    context_.handshakes.fetch_sub(1);
    context_.refused.fetch_add(1);
    Close();
    return false;
  }
  in_handshake_ = true;
  transport_.Encrypt(TlsSession::Accept(context_.tls->current(), transport_.descriptor()));
  return true;
}

void Connection::LeaveHandshake() {
  in_handshake_ = false;
  context_.handshakes.fetch_sub(1);
}

void Connection::FailHandshake() {
  if (!in_handshake_) return;
  LeaveHandshake();
  context_.handshakes_failed.fetch_add(1);
}

/// The client shall learn why before it learns of the end.
void Connection::EndBrokenTls() {
  FailHandshake();
  abandoned_.store(true, std::memory_order_relaxed);
  BeginLinger();
}

// Rounds.

void Connection::Enlist() {
  if (enlisted_ || closed_) return;
  enlisted_ = true;
  loop_->Enlist(shared_from_this());
}

void Connection::Work(MonotonicTime now) {
  enlisted_ = false;
  if (closed_ || lingering_) return;
  in_round_ = true;
  now_ = now;
  const std::string_view bytes(read_buffer_.data(), std::exchange(received_, 0));
  if (protocol_) {
    protocol_->Work(bytes, now);
  } else if (Choose(bytes)) {
    protocol_->Work(std::exchange(opening_, {}), now);
  }
}

void Connection::Flush() {
  in_round_ = false;
  if (closed_) return;
  const bool more = protocol_ && !lingering_ && protocol_->MoveAnswers(now_);
  Write();
  if (more) Enlist();
  UpdateWatch();
}

void Connection::Answer(std::uint64_t request, Response response) {
  if (closed_) return;
  protocol_->Answer(request, std::move(response));
  Wake();
}

// Writing.

void Connection::Write() {
  if (closed_ || waiting_for_room_ || lingering_) return;
  iovec vectors[kVectors];
  while (!output_.empty()) {
    const IoResult sent = transport_.Send({vectors, output_.Gather(vectors)});
    if (sent.state == IoResult::State::kWaitsForRoom) return WaitForRoom();
    if (!sent.moved()) return Close();
    output_.Consume(sent.count);
    if (output_.empty() && protocol_) protocol_->Refill();
  }
  AfterWrite();
}

void Connection::WaitForRoom() {
  waiting_for_room_ = true;
  last_taken_ = now_;
  unsent_ = 0;
}

void Connection::AfterWrite() {
  if (!protocol_) return;
  if (protocol_->HasEnded()) return BeginLinger();
  if (peer_finished_ && !protocol_->AwaitsAnswers()) Close();
}

// Ending.

/// Closing a socket with unread bytes resets it, and a reset may overtake the last answer: says
/// that no more is sent, and reads until the client closes or the time is over.
void Connection::BeginLinger() {
  if (peer_finished_) return Close();
  if (!transport_.FinishSending()) return WaitForRoom();
  lingering_ = true;
  const bool draining = context_.draining.load(std::memory_order_relaxed);
  linger_until_ = now_ + (draining ? context_.limits.drain_linger : kLinger);
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  abandoned_.store(true, std::memory_order_relaxed);
  protocol_.reset();
  output_ = {};
  FailHandshake();
  loop_->Unwatch(transport_.descriptor());
  transport_.Close();
  loop_->Remove(position_);
  on_close_();
}

/// Frees what the kernel holds for a client that takes nothing.
void Connection::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(transport_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  Close();
}

void Connection::Abort() {
  if (context_.draining.load(std::memory_order_relaxed) && !closed_ && !lingering_) {
    const std::uint64_t unfinished = protocol_ ? protocol_->Unfinished() : 0;
    const std::uint64_t dropped = unfinished + (output_.empty() ? 0 : 1);
    context_.dropped_in_drain.fetch_add(dropped, std::memory_order_relaxed);
  }
  Close();
}

void Connection::Sweep(MonotonicTime now) {
  if (closed_) return;
  now_ = now;
  if (lingering_) {
    if (now >= linger_until_) Close();
    return;
  }
  CheckWriteStall(now);
  if (closed_ || enlisted_) return;
  if (!protocol_) return CheckOpening(now);
  if (protocol_->Sweep(now, (watched_ & EPOLLIN) != 0)) Flush();
}

void Connection::CheckWriteStall(MonotonicTime now) {
  if (!waiting_for_room_) return;
  int unsent = 0;
  const bool known = ioctl(transport_.descriptor(), SIOCOUTQ, &unsent) == 0;
  if (known && unsent < unsent_) last_taken_ = now;
  unsent_ = unsent;
  if (now - last_taken_ >= context_.limits.write_stall) Reset();
}

/// Before anything is known: an idle connection, or a preface that is not finished.
void Connection::CheckOpening(MonotonicTime now) {
  const HttpLimits& limits = context_.limits;
  const bool draining = context_.draining.load(std::memory_order_relaxed);
  if (in_handshake_ || awaits_tls_) {
    const auto limit = draining ? limits.drain_linger : limits.tls_handshake_timeout;
    if (now - opened_ >= limit) Close();
    return;
  }
  const auto idle = draining ? limits.drain_linger : limits.idle_timeout;
  const auto limit = opening_.empty() ? idle : limits.header_timeout;
  if (now - opened_ >= limit && !HasUnreadBytes()) BeginLinger();
}

}  // namespace slipway::net
