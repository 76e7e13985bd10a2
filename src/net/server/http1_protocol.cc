#include "net/server/http1_protocol.h"

#include <utility>

#include "net/http/content_coding.h"
#include "net/http/head_rules.h"
#include "net/http/refusal.h"
#include "net/http/response_head.h"
#include "net/server/connection.h"

namespace slipway::net {
namespace {

/// Bytes read ahead of the parser; more waits in the socket.
constexpr std::size_t kMostBacklog = 64 * 1024;
/// Unsent bytes beyond which no further request is taken on.
constexpr std::size_t kMostOutput = 256 * 1024;
/// A refused request's body up to this size is read and dropped: that costs less than the
/// connection which the client would make anew.
constexpr std::uint64_t kDroppableBody = 1024 * 1024;
/// So much of a body costs as much to drop as a request without one costs to reject.
constexpr std::uint64_t kDroppedAtTheCostOfOne = 80 * 1024;

}  // namespace

Http1Protocol::Http1Protocol(Connection& connection, ServerContext& context, Peer peer,
                             MonotonicTime now)
    : connection_(connection),
      context_(context),
      reader_(context.limits, std::move(peer), context.body_memory),
      now_(now),
      last_activity_(now) {}

Http1Protocol::~Http1Protocol() {
  context_.in_flight.fetch_sub(in_flight_, std::memory_order_relaxed);
}

// Parsing.

bool Http1Protocol::MayRead() const { return backlog_.size() < kMostBacklog; }

std::span<std::byte> Http1Protocol::DirectRoom() {
  if (!backlog_.empty()) return {};
  return reader_.DirectRoom();
}

std::size_t Http1Protocol::Droppable() { return backlog_.empty() ? reader_.Droppable() : 0; }

void Http1Protocol::Received(std::size_t count, MonotonicTime) { reader_.Received(count); }

void Http1Protocol::Parse(std::string_view bytes, MonotonicTime now) {
  now_ = now;
  Parse(bytes);
}

void Http1Protocol::Work(std::string_view bytes, MonotonicTime now) {
  in_round_ = true;
  now_ = last_activity_ = now;
  Parse(bytes);
  while (ServeHeld()) Parse({});
}

bool Http1Protocol::MayParse() const {
  return !input_ended_ && !held_ && pending_.size() < context_.limits.pipelined_requests &&
         connection_.output().bytes() < kMostOutput;
}

/// Parses as far as may be and keeps the rest.
void Http1Protocol::Parse(std::string_view fresh) {
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

void Http1Protocol::ParseSome(std::string_view& input) {
  while (MayParse()) {
    const RequestReader::Event event = reader_.Feed(input);
    if (event == RequestReader::Event::kNeedMore) break;
    if (event == RequestReader::Event::kHead) OnHead();
    if (event == RequestReader::Event::kRequest) OnRequest();
    if (event == RequestReader::Event::kRefused) Refuse(reader_.refusal(), reader_.refused_head());
  }
  if (input_ended_) input = {};
  output_was_full_ = !input.empty() && connection_.output().bytes() >= kMostOutput;
}

void Http1Protocol::OnHead() {
  context_.requests.fetch_add(1, std::memory_order_relaxed);
  const RequestHead& head = reader_.head();
  BodyPlan plan = context_.service.Plan(head);
  if (plan.reject) return Reject(std::move(*plan.reject));
  if (const auto refusal = reader_.AcceptBody(plan)) return Refuse(*refusal, &head);
  plan_may_overlap_ = plan.may_overlap;
  continue_due_ = reader_.has_body() && head.version_minor >= 1 && head.Find("Expect") != nullptr;
}

void Http1Protocol::Reject(Response response) {
  const RequestHead& head = reader_.head();
  const bool readable =
      !reader_.has_body() || (head.content_length.value_or(kDroppableBody + 1) <= kDroppableBody &&
                              head.Find("Expect") == nullptr);
  const std::uint64_t dropped = readable ? head.content_length.value_or(0) : 0;
  connection_.loop().CountRejected(1 + static_cast<unsigned>(dropped / kDroppedAtTheCostOfOne));
  PendingAnswer& answer = Expect(&head);
  answer.response = std::move(response);
  if (!readable) answer.response->close = true;
  if (answer.response->close || !answer.keep_alive) input_ended_ = true;
  reader_.DiscardBody();
}

void Http1Protocol::Refuse(const Refusal& refusal, const RequestHead* head) {
  input_ended_ = true;
  if (refusal.status == Refusal::kSilent) {
    Expect(nullptr).silent = true;
    return;
  }
  Response response = context_.service.ErrorResponse(refusal.status, refusal.message, head);
  response.close = true;
  if (refusal.status == 415) response.headers.emplace_back("Accept-Encoding", kAcceptedCodings);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  Expect(head).response = std::move(response);
}

void Http1Protocol::OnRequest() {
  RequestReader::Request request = reader_.Take();
  if (request.discarded) return;
  continue_due_ = false;
  PendingAnswer& answer = Expect(&request.head);
  answer.may_overlap = plan_may_overlap_;
  if (!answer.keep_alive) input_ended_ = true;
  auto exchange = connection_.NewExchange(first_pending_ + pending_.size() - 1,
                                          std::move(request.head), std::move(request.body), now_);
  if (in_round_ && MayServe(plan_may_overlap_))
    return Serve(std::move(exchange), plan_may_overlap_);
  held_ = std::move(exchange);
  held_may_overlap_ = plan_may_overlap_;
}

void Http1Protocol::SendContinueIfDue() {
  if (!continue_due_ || !pending_.empty() || reader_.phase() != RequestReader::Phase::kBody) return;
  continue_due_ = false;
  if (reader_.body_received() > 0) return;
  connection_.output().text().append("HTTP/1.1 100 Continue\r\n\r\n");
  connection_.output().TextAppended();
}

// Serving.

bool Http1Protocol::MayServe(bool may_overlap) const {
  return unanswered_ == 0 || (may_overlap && unanswered_in_turn_ == 0);
}

bool Http1Protocol::ServeHeld() {
  if (!held_ || !MayServe(held_may_overlap_)) return false;
  Serve(std::exchange(held_, nullptr), held_may_overlap_);
  return true;
}

void Http1Protocol::Serve(std::shared_ptr<Exchange> exchange, bool may_overlap) {
  ++unanswered_;
  if (!may_overlap) ++unanswered_in_turn_;
  ++in_flight_;
  context_.in_flight.fetch_add(1, std::memory_order_relaxed);
  context_.service.Serve(std::move(exchange));
}

// Answering.

void Http1Protocol::Answer(std::uint64_t request, Response response) {
  if (request < first_pending_ || request - first_pending_ >= pending_.size()) return;
  PendingAnswer& answer = pending_[request - first_pending_];
  answer.response = std::move(response);
  --unanswered_;
  if (!answer.may_overlap) --unanswered_in_turn_;
}

Http1Protocol::PendingAnswer& Http1Protocol::Expect(const RequestHead* head) {
  PendingAnswer& answer = pending_.emplace_back();
  if (head == nullptr) return answer;
  answer.without_body = head->method == Method::kHead;
  answer.keep_alive = WantsKeepAlive(*head);
  answer.say_keep_alive = answer.keep_alive && head->version_minor == 0;
  return answer;
}

/// The answer to a request whose body is dropped waits for its end: many a client that is answered
/// while it sends gives up the connection.
bool Http1Protocol::AwaitsDroppedBody() const {
  return pending_.size() == 1 && !pending_.front().response->close && reader_.IsDiscarding();
}

/// Answers that were there at once leave in one write with their neighbours.
bool Http1Protocol::MoveAnswers(MonotonicTime now) {
  now_ = now;
  in_round_ = false;
  bool moved = false;
  while (!ended_ && !pending_.empty() && pending_.front().response && !AwaitsDroppedBody()) {
    PendingAnswer answer = std::move(pending_.front());
    pending_.pop_front();
    ++first_pending_;
    const bool close = answer.response->close || !answer.keep_alive || IsLastInDrain();
    Serialize(answer, close);
    if (close) ended_ = input_ended_ = true;
    moved = true;
  }
  if (!pending_.empty() && pending_.front().silent) {
    pending_.clear();
    ended_ = true;
  }
  const std::uint64_t left = unanswered_ + (held_ ? 1 : 0);
  if (in_flight_ > left) {
    context_.in_flight.fetch_sub(in_flight_ - left, std::memory_order_relaxed);
    in_flight_ = left;
  }
  SendContinueIfDue();
  NoteProgress();
  // What had to wait for those answers goes on.
  return moved && (held_ || !backlog_.empty());
}

/// What was not parsed because too much was unsent goes on.
void Http1Protocol::Refill() {
  if (std::exchange(output_was_full_, false)) connection_.Wake();
}

void Http1Protocol::Serialize(PendingAnswer& answer, bool close) {
  Response& response = *answer.response;
  OutputQueue& output = connection_.output();
  AppendResponseHead(response,
                     {.content_length = response.BodyBytes(),
                      .date = connection_.loop().Date(),
                      .close = close,
                      .say_keep_alive = answer.say_keep_alive},
                     output.text());
  output.TextAppended();
  if (answer.without_body || !MayHaveBody(response.status)) return;
  output.Append(std::move(response.text));
  for (BodyPart& part : response.parts) output.Append(std::move(part));
}

/// In a drain a connection ends with the answer behind which no further request has begun to come.
bool Http1Protocol::IsLastInDrain() const {
  return context_.draining.load(std::memory_order_relaxed) && pending_.empty() && !held_ &&
         backlog_.empty() && reader_.phase() == RequestReader::Phase::kStart &&
         !connection_.HasUnreadBytes();
}

std::uint64_t Http1Protocol::Unfinished() const {
  return in_flight_ + (reader_.phase() == RequestReader::Phase::kBody ? 1 : 0);
}

// Times.

bool Http1Protocol::IsIdle() const {
  return pending_.empty() && connection_.output().empty() && backlog_.empty() &&
         reader_.phase() == RequestReader::Phase::kStart;
}

void Http1Protocol::NoteProgress() {
  if (reader_.phase() == progress_.phase && reader_.messages() == progress_.message) return;
  progress_ = {.phase = reader_.phase(), .message = reader_.messages(), .since = now_};
  progress_.body.Begin(now_, 0);
}

bool Http1Protocol::Sweep(MonotonicTime now, bool reading) {
  now_ = now;
  return !input_ended_ && CheckReadTimes(reading);
}

/// What the rest of a body was waited for goes out without it.
bool Http1Protocol::EndWithAnswer() {
  pending_.back().response->close = true;
  return input_ended_ = true;
}

bool Http1Protocol::CheckReadTimes(bool reading) {
  const HttpLimits& limits = context_.limits;
  if (IsIdle()) {
    const bool draining = context_.draining.load(std::memory_order_relaxed);
    const auto limit = draining ? limits.drain_linger : limits.idle_timeout;
    if (now_ - last_activity_ < limit || connection_.HasUnreadBytes()) return false;
    ended_ = input_ended_ = true;
    return true;
  }
  if (!reading) return false;  // it is we who do not read
  if (reader_.phase() == RequestReader::Phase::kBody) {
    if (progress_.body.Holds(now_, reader_.body_received(), limits.body_grace,
                             limits.body_bytes_per_second))
      return false;
    if (reader_.IsDiscarding()) return EndWithAnswer();
    Refuse({408, "the request's body does not arrive at the least rate"}, &reader_.head());
    return true;
  }
  if (reader_.phase() != RequestReader::Phase::kHead) return false;
  if (now_ - progress_.since < limits.header_timeout) return false;
  Refuse({408, "the request's head did not arrive in time"}, nullptr);
  return true;
}

}  // namespace slipway::net
