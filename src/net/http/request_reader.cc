#include "net/http/request_reader.h"

#include <algorithm>
#include <utility>

#include "net/http/head_rules.h"
#include "net/http/request_head.h"

namespace slipway::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr char kTlsHandshake = 0x16;

/// One look at the first byte spares a TLS client or a port scanner the wait for a timeout.
std::optional<Refusal> CheckFirstByte(char c) {
  if (c == kTlsHandshake)
    return Refusal{400, "this port speaks plain HTTP, not TLS: use http:// instead of https://"};
  if (c > 0x20 && c < 0x7f) return std::nullopt;
  return Refusal{400, "this is not an HTTP request"};
}

}  // namespace

RequestReader::RequestReader(const HttpLimits& limits, Peer peer,
                             std::shared_ptr<BodyMemory> memory)
    : limits_(limits), peer_(std::move(peer)), memory_(std::move(memory)) {}

RequestReader::Event RequestReader::Feed(std::string_view& input) {
  switch (phase_) {
    case Phase::kStart:
    case Phase::kHead:
      return FeedHead(input);
    case Phase::kPlan:
      return Event::kHead;
    case Phase::kBody:
      return FeedBody(input);
    case Phase::kComplete:
      return Event::kRequest;
    case Phase::kRefused:
      break;
  }
  return Event::kRefused;
}

RequestReader::Event RequestReader::FeedHead(std::string_view& input) {
  // RFC 9112 2.2: one empty line before a request is no fault.
  if (partial_head_ == "\r" && !input.empty()) {
    if (!input.starts_with('\n')) return Refuse(*CheckFirstByte('\r'));
    partial_head_.clear();
    input.remove_prefix(1);
    blank_line_skipped_ = true;
    phase_ = Phase::kStart;
  } else if (partial_head_.empty() && input.starts_with(kLineEnd) && !blank_line_skipped_) {
    input.remove_prefix(kLineEnd.size());
    blank_line_skipped_ = true;
  }
  if (input.empty()) return Event::kNeedMore;
  if (partial_head_.empty()) {
    if (phase_ == Phase::kStart) ++messages_;
    phase_ = Phase::kHead;
    const bool may_be_blank_line = input == "\r" && !blank_line_skipped_;
    if (auto refusal = CheckFirstByte(input.front()); refusal && !may_be_blank_line)
      return Refuse(std::move(*refusal));
    if (const std::size_t end = input.find(kHeadEnd); end != std::string_view::npos) {
      const std::string_view head = input.substr(0, end + kHeadEnd.size());
      input.remove_prefix(head.size());
      return ParseHead(head);
    }
  }
  const std::size_t before = partial_head_.size();
  partial_head_.append(input);
  const std::size_t from = before - std::min(before, kHeadEnd.size() - 1);
  if (const std::size_t end = partial_head_.find(kHeadEnd, from); end != std::string::npos) {
    const std::size_t size = end + kHeadEnd.size();
    input.remove_prefix(size - before);
    const std::string head = std::exchange(partial_head_, {});
    return ParseHead(std::string_view(head).substr(0, size));
  }
  input = {};
  if (auto refusal = CheckUnfinishedHead(partial_head_, before, limits_))
    return Refuse(std::move(*refusal));
  return Event::kNeedMore;
}

RequestReader::Event RequestReader::ParseHead(std::string_view bytes) {
  head_ = RequestHead{};
  head_.peer = head_.memory.Keep(peer_.address);
  head_.network = peer_.network;
  head_.certificate = peer_.certificate.get();
  if (auto refusal = ParseRequestHead(bytes, limits_, head_)) return Refuse(std::move(*refusal));
  phase_ = Phase::kPlan;
  return Event::kHead;
}

std::optional<Refusal> RequestReader::AcceptBody(const BodyPlan& plan) {
  head_.note = plan.note;
  if (!has_body()) {
    phase_ = Phase::kComplete;
    return std::nullopt;
  }
  if (auto refusal = BodyReceiver::Open(head_, plan, memory_, receiver_)) return refusal;
  BeginBody();
  return std::nullopt;
}

void RequestReader::DiscardBody() {
  discarding_ = true;
  BeginBody();
}

void RequestReader::BeginBody() {
  body_received_ = 0;
  body_left_ = head_.content_length.value_or(0);
  if (head_.chunked) chunks_.emplace(limits_);
  phase_ = has_body() ? Phase::kBody : Phase::kComplete;
}

RequestReader::Event RequestReader::FeedBody(std::string_view& input) {
  if (chunks_) return FeedChunks(input);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input.size()));
  const std::string_view bytes = input.substr(0, count);
  input.remove_prefix(count);
  body_left_ -= count;
  body_received_ += count;
  if (auto refusal = Append(bytes)) return Refuse(std::move(*refusal));
  return body_left_ == 0 ? FinishBody() : Event::kNeedMore;
}

RequestReader::Event RequestReader::FeedChunks(std::string_view& input) {
  const std::size_t before = input.size();
  for (;;) {
    const std::string_view bytes = chunks_->Take(input);
    if (bytes.empty()) break;
    if (auto refusal = Append(bytes)) return Refuse(std::move(*refusal));
  }
  body_received_ += before - input.size();
  if (chunks_->refusal()) return Refuse(*chunks_->refusal());
  return chunks_->complete() ? FinishBody() : Event::kNeedMore;
}

std::optional<Refusal> RequestReader::Append(std::string_view bytes) {
  if (!receiver_) return std::nullopt;
  return receiver_->Append(std::as_bytes(std::span(bytes)));
}

std::span<std::byte> RequestReader::DirectRoom() {
  if (phase_ != Phase::kBody || chunks_ || !receiver_) return {};
  const std::span<std::byte> room = receiver_->DirectRoom();
  return room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), body_left_)));
}

std::size_t RequestReader::Droppable() const {
  return IsDiscarding() && !chunks_ ? static_cast<std::size_t>(body_left_) : 0;
}

RequestReader::Event RequestReader::Received(std::size_t count) {
  body_left_ -= count;
  body_received_ += count;
  if (receiver_) {
    if (auto refusal = receiver_->Commit(count)) return Refuse(std::move(*refusal));
  }
  return body_left_ == 0 ? FinishBody() : Event::kNeedMore;
}

RequestReader::Event RequestReader::FinishBody() {
  if (receiver_) {
    if (auto refusal = receiver_->Finish()) return Refuse(std::move(*refusal));
  }
  phase_ = Phase::kComplete;
  return Event::kRequest;
}

RequestReader::Request RequestReader::Take() {
  Request request{std::move(head_), receiver_ ? receiver_->Take() : BodyBuffer(), discarding_};
  head_ = RequestHead{};
  chunks_.reset();
  receiver_.reset();
  discarding_ = false;
  blank_line_skipped_ = false;
  phase_ = Phase::kStart;
  return request;
}

RequestReader::Event RequestReader::Refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  phase_ = Phase::kRefused;
  return Event::kRefused;
}

}  // namespace slipway::net
