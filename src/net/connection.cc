#include "net/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/head_rules.h"
#include "net/response_head.h"

namespace slipway::net {
namespace {

/// Bytes read ahead of the parser; more waits in the socket.
constexpr std::size_t kMostBacklog = 64 * 1024;
/// Unsent bytes beyond which no further request is taken on.
constexpr std::size_t kMostOutput = 256 * 1024;
/// A refused body up to this size is read and dropped; a larger one ends the connection.
constexpr std::uint64_t kDiscardableBody = 64 * 1024;
/// Room smaller than this is not worth a read of its own.
constexpr std::size_t kDirectRoom = 4096;
constexpr int kReadsInARow = 16;
constexpr int kVectors = 64;
/// How long a connection whose last answer is out is still read, so that the answer is not lost to
/// a reset.
constexpr std::chrono::seconds kLinger{2};

}  // namespace

Connection::Connection(Socket socket, std::string peer, std::shared_ptr<EventLoop> loop,
                       ServerContext& context, std::function<void()> on_close)
    : socket_(std::move(socket)),
      loop_(std::move(loop)),
      context_(context),
      on_close_(std::move(on_close)),
      reader_(context.limits, std::move(peer), context.body_memory) {}

void Connection::Start() {
  position_ = loop_->Add(shared_from_this());
  now_ = last_activity_ = std::chrono::steady_clock::now();
  ArmRead();
}

// Reading.

void Connection::ArmRead() {
  if (reading_ || closed_ || peer_finished_ || backlog_.size() >= kMostBacklog) return;
  reading_ = true;
  boost::asio::mutable_buffer buffer(read_buffer_.data(), read_buffer_.size());
  const std::span<std::byte> room = lingering_ ? std::span<std::byte>() : reader_.DirectRoom();
  reading_direct_ = room.size() >= kDirectRoom && backlog_.empty();
  if (reading_direct_) buffer = {room.data(), room.size()};
  socket_.async_read_some(
      buffer, [self = shared_from_this()](const boost::system::error_code& error,
                                          std::size_t count) { self->OnRead(error, count); });
}

void Connection::OnRead(const boost::system::error_code& error, std::size_t count) {
  reading_ = false;
  if (closed_) return;
  if (error == boost::asio::error::eof) return OnEndOfInput();
  if (error) return Close();
  if (lingering_) return ArmRead();
  if (reading_direct_ || count == read_buffer_.size()) {
    now_ = std::chrono::steady_clock::now();
    Take(reading_direct_, read_buffer_.data(), count);
    ReadRest();
  } else {
    received_ = count;
  }
  Enlist();
}

void Connection::Take(bool direct, const char* bytes, std::size_t count) {
  if (!direct) return Parse({bytes, count});
  reader_.Received(count);
  Parse({});
}

/// A sender of much has more in the socket: takes it without going through the event loop.
void Connection::ReadRest() {
  for (int i = 0; i < kReadsInARow; ++i) {
    if (closed_ || lingering_ || backlog_.size() >= kMostBacklog) return;
    const std::span<std::byte> room = reader_.DirectRoom();
    const bool direct = room.size() >= kDirectRoom && backlog_.empty();
    const std::span<char> scratch = loop_->scratch();
    void* buffer = direct ? static_cast<void*>(room.data()) : scratch.data();
    const std::size_t size = direct ? room.size() : scratch.size();
    const ssize_t count = recv(socket_.native_handle(), buffer, size, MSG_DONTWAIT);
    if (count <= 0) return;  // nothing there, or an end that the next armed read reports
    Take(direct, scratch.data(), static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < size) return;
  }
}

/// The client sends no more. It may have gone or only shut down its side: what was asked for is
/// still answered if the service cares to.
void Connection::OnEndOfInput() {
  peer_finished_ = true;
  if (lingering_ || (pending_.empty() && output_.empty())) return Close();
  if (!pending_.empty()) abandoned_.store(true, std::memory_order_relaxed);
}

// Parsing.

bool Connection::MayParse() const {
  return !closed_ && !input_ended_ && !held_ &&
         pending_.size() < context_.limits.pipelined_requests && output_.bytes() < kMostOutput;
}

/// Parses as far as may be and keeps the rest.
void Connection::Parse(std::string_view fresh) {
  if (backlog_.empty()) {
    ParseSome(fresh);
    backlog_.assign(fresh);
    return;
  }
  backlog_.append(fresh);
  std::string_view input = backlog_;
  ParseSome(input);
  backlog_.erase(0, backlog_.size() - input.size());
}

void Connection::ParseSome(std::string_view& input) {
  while (MayParse()) {
    const RequestReader::Event event = reader_.Feed(input);
    if (event == RequestReader::Event::kNeedMore) break;
    if (event == RequestReader::Event::kHead) OnHead();
    if (event == RequestReader::Event::kRequest) OnRequest();
    if (event == RequestReader::Event::kRefused) Refuse(reader_.refusal(), reader_.refused_head());
  }
  if (input_ended_) input = {};
}

void Connection::OnHead() {
  context_.requests.fetch_add(1, std::memory_order_relaxed);
  const RequestHead& head = reader_.head();
  BodyPlan plan = context_.service.Plan(head);
  if (plan.reject) return Reject(std::move(*plan.reject));
  if (const auto refusal = reader_.AcceptBody(plan)) return Refuse(*refusal, &head);
  plan_may_overlap_ = plan.may_overlap;
  continue_due_ = reader_.has_body() && head.version_minor >= 1 && head.Find("Expect") != nullptr;
}

void Connection::Reject(Response response) {
  const RequestHead& head = reader_.head();
  const bool readable = !reader_.has_body() ||
                        (head.content_length.value_or(kDiscardableBody + 1) <= kDiscardableBody &&
                         head.Find("Expect") == nullptr);
  PendingAnswer& answer = Expect(&head);
  answer.response = std::move(response);
  if (!readable) answer.response->close = true;
  if (answer.response->close || !answer.keep_alive) input_ended_ = true;
  reader_.DiscardBody();
}

void Connection::Refuse(const Refusal& refusal, const RequestHead* head) {
  Response response = context_.service.ErrorResponse(refusal.status, refusal.message, head);
  response.close = true;
  if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", kAcceptedCodings);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  Expect(head).response = std::move(response);
  input_ended_ = true;
}

void Connection::OnRequest() {
  RequestReader::Request request = reader_.Take();
  if (request.discarded) return;
  continue_due_ = false;
  PendingAnswer& answer = Expect(&request.head);
  answer.may_overlap = plan_may_overlap_;
  if (!answer.keep_alive) input_ended_ = true;
  auto exchange =
      std::make_shared<ConnectionExchange>(shared_from_this(), first_pending_ + pending_.size() - 1,
                                           std::move(request.head), std::move(request.body), now_);
  if (in_round_ && MayServe(plan_may_overlap_))
    return Serve(std::move(exchange), plan_may_overlap_);
  held_ = std::move(exchange);
  held_may_overlap_ = plan_may_overlap_;
}

void Connection::SendContinueIfDue() {
  if (!continue_due_ || !pending_.empty() || reader_.phase() != RequestReader::Phase::kBody) return;
  continue_due_ = false;
  if (reader_.body_received() > 0) return;
  output_.text().append("HTTP/1.1 100 Continue\r\n\r\n");
  output_.TextAppended();
}

// Serving.

void Connection::Enlist() {
  if (enlisted_ || closed_) return;
  enlisted_ = true;
  loop_->Enlist(shared_from_this());
}

void Connection::Work(MonotonicTime now) {
  enlisted_ = false;
  if (closed_) return;
  in_round_ = true;
  now_ = last_activity_ = now;
  Parse({read_buffer_.data(), std::exchange(received_, 0)});
  while (ServeHeld()) Parse({});
}

/// Answers that were there at once leave in one write with their neighbours.
void Connection::Flush() {
  in_round_ = false;
  if (closed_) return;
  const bool moved = MoveReadyAnswers();
  SendContinueIfDue();
  NoteProgress();
  Write();
  // What had to wait for those answers goes on.
  if (moved && (held_ || !backlog_.empty())) Enlist();
  ArmRead();
}

bool Connection::MayServe(bool may_overlap) const {
  return unanswered_ == 0 || (may_overlap && unanswered_in_turn_ == 0);
}

bool Connection::ServeHeld() {
  if (!held_ || !MayServe(held_may_overlap_)) return false;
  Serve(std::exchange(held_, nullptr), held_may_overlap_);
  return true;
}

void Connection::Serve(std::shared_ptr<Exchange> exchange, bool may_overlap) {
  ++unanswered_;
  if (!may_overlap) ++unanswered_in_turn_;
  ++in_flight_;
  context_.in_flight.fetch_add(1, std::memory_order_relaxed);
  context_.service.Serve(std::move(exchange));
}

void Connection::Answer(std::uint64_t sequence, Response response) {
  if (closed_ || sequence < first_pending_ || sequence - first_pending_ >= pending_.size()) return;
  PendingAnswer& answer = pending_[sequence - first_pending_];
  answer.response = std::move(response);
  --unanswered_;
  if (!answer.may_overlap) --unanswered_in_turn_;
  if (!in_round_) Enlist();
}

// Writing.

Connection::PendingAnswer& Connection::Expect(const RequestHead* head) {
  PendingAnswer& answer = pending_.emplace_back();
  if (head == nullptr) return answer;
  answer.without_body = head->method == Method::kHead;
  answer.keep_alive = WantsKeepAlive(*head);
  answer.say_keep_alive = answer.keep_alive && head->version_minor == 0;
  return answer;
}

bool Connection::MoveReadyAnswers() {
  bool moved = false;
  while (!closing_ && !pending_.empty() && pending_.front().response) {
    PendingAnswer answer = std::move(pending_.front());
    pending_.pop_front();
    ++first_pending_;
    const bool close = answer.response->close || !answer.keep_alive || IsLastInDrain();
    Serialize(answer, close);
    if (close) closing_ = input_ended_ = true;
    moved = true;
  }
  const std::uint64_t left = unanswered_ + (held_ ? 1 : 0);
  if (in_flight_ > left) {
    context_.in_flight.fetch_sub(in_flight_ - left, std::memory_order_relaxed);
    in_flight_ = left;
  }
  return moved;
}

void Connection::Serialize(PendingAnswer& answer, bool close) {
  Response& response = *answer.response;
  std::uint64_t length = 0;
  for (const BodyPart& part : response.body) length += part.bytes.size();
  AppendResponseHead(response,
                     {.content_length = length,
                      .date = loop_->Date(),
                      .close = close,
                      .say_keep_alive = answer.say_keep_alive},
                     output_.text());
  output_.TextAppended();
  if (answer.without_body || !MayHaveBody(response.status)) return;
  for (BodyPart& part : response.body) output_.Append(std::move(part));
}

/// In a drain a connection ends with the answer behind which no further request has begun to come.
bool Connection::IsLastInDrain() const {
  return context_.draining.load(std::memory_order_relaxed) && pending_.empty() && !held_ &&
         backlog_.empty() && reader_.phase() == RequestReader::Phase::kStart && !HasUnreadBytes();
}

void Connection::Write() {
  if (closed_ || waiting_for_room_) return;
  while (!output_.empty()) {
    const ssize_t count = SendSome();
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return WaitForRoom();
    if (count < 0) return Close();
    output_.Consume(static_cast<std::size_t>(count));
  }
  AfterWrite();
}

ssize_t Connection::SendSome() {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  iovec vectors[kVectors];
  const std::size_t count = output_.Gather(vectors);
  // A small answer is one run of text, for which send() is the shorter way through the kernel.
  if (count == 1)
    return send(socket_.native_handle(), vectors[0].iov_base, vectors[0].iov_len, kFlags);
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  return sendmsg(socket_.native_handle(), &message, kFlags);
}

void Connection::WaitForRoom() {
  waiting_for_room_ = true;
  last_taken_ = now_;
  unsent_ = 0;
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->waiting_for_room_ = false;
                       if (self->closed_) return;
                       if (error) return self->Close();
                       self->Enlist();
                     });
}

void Connection::AfterWrite() {
  if (closing_) return BeginLinger();
  if (peer_finished_ && pending_.empty()) Close();
}

// Ending.

bool Connection::IsIdle() const {
  return !enlisted_ && pending_.empty() && output_.empty() && backlog_.empty() &&
         reader_.phase() == RequestReader::Phase::kStart;
}

bool Connection::HasUnreadBytes() const {
  char byte = 0;
  const int socket = const_cast<Socket&>(socket_).native_handle();
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/// Closing a socket with unread bytes resets it, and a reset may overtake the last answer: says
/// that no more is sent, and reads until the client closes or the time is over.
void Connection::BeginLinger() {
  if (peer_finished_) return Close();
  closing_ = input_ended_ = lingering_ = true;
  backlog_.clear();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  const bool draining = context_.draining.load(std::memory_order_relaxed);
  linger_until_ = now_ + (draining ? context_.limits.drain_linger : kLinger);
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  abandoned_.store(true, std::memory_order_relaxed);
  context_.in_flight.fetch_sub(std::exchange(in_flight_, 0), std::memory_order_relaxed);
  held_.reset();
  pending_.clear();
  output_ = {};
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_->Remove(position_);
  on_close_();
}

/// Frees what the kernel holds for a client that takes nothing.
void Connection::Reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  Close();
}

void Connection::Abort() {
  if (context_.draining.load(std::memory_order_relaxed) && !closed_ && !lingering_) {
    const bool half_received = reader_.phase() == RequestReader::Phase::kBody;
    const std::uint64_t dropped = in_flight_ + (output_.empty() ? 0 : 1) + (half_received ? 1 : 0);
    context_.dropped_in_drain.fetch_add(dropped, std::memory_order_relaxed);
  }
  Close();
}

void Connection::NoteProgress() {
  if (reader_.phase() == progress_.phase && reader_.messages() == progress_.message) return;
  progress_ = {.phase = reader_.phase(),
               .message = reader_.messages(),
               .since = now_,
               .window_begin = now_,
               .window_bytes = 0};
}

void Connection::Sweep(MonotonicTime now) {
  if (closed_) return;
  now_ = now;
  if (lingering_) {
    if (now >= linger_until_) Close();
    return;
  }
  CheckWriteStall(now);
  if (!closed_ && !input_ended_) CheckReadTimes(now);
}

void Connection::CheckWriteStall(MonotonicTime now) {
  if (!waiting_for_room_) return;
  int unsent = 0;
  const bool known = ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0;
  if (known && unsent < unsent_) last_taken_ = now;
  unsent_ = unsent;
  if (now - last_taken_ >= context_.limits.write_stall) Reset();
}

void Connection::CheckReadTimes(MonotonicTime now) {
  const HttpLimits& limits = context_.limits;
  if (IsIdle()) {
    const bool draining = context_.draining.load(std::memory_order_relaxed);
    const auto limit = draining ? limits.drain_linger : limits.idle_timeout;
    if (now - last_activity_ >= limit && !HasUnreadBytes()) BeginLinger();
    return;
  }
  if (!reading_) return;  // it is we who do not read
  if (reader_.phase() == RequestReader::Phase::kBody) return CheckBodyRate(now);
  if (reader_.phase() != RequestReader::Phase::kHead) return;
  if (now - progress_.since < limits.header_timeout) return;
  Refuse({408, "the request's head did not arrive in time"}, nullptr);
  Enlist();
}

/// In every span of the grace's length, the minimum rate.
void Connection::CheckBodyRate(MonotonicTime now) {
  const HttpLimits& limits = context_.limits;
  const auto span = now - progress_.window_begin;
  if (span < limits.body_grace) return;
  const double due = static_cast<double>(limits.body_bytes_per_second) *
                     std::chrono::duration<double>(span).count();
  const std::uint64_t received = reader_.body_received() - progress_.window_bytes;
  if (static_cast<double>(received) >= due) {
    progress_.window_begin = now;
    progress_.window_bytes = reader_.body_received();
    return;
  }
  Refuse({408, "the request's body does not arrive at the least rate"}, &reader_.head());
  Enlist();
}

}  // namespace slipway::net
