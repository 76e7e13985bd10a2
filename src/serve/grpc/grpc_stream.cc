#include "serve/grpc/grpc_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "serve/grpc/grpc_status.h"

namespace slipway::serve::grpc {

GrpcStream::GrpcStream(GrpcContext& context, std::size_t method,
                       const MessageAssembler::Options& messages,
                       std::unique_ptr<StreamMethod> calls, std::shared_ptr<access::Caller> caller)
    : context_(context),
      number_(method),
      messages_(messages),
      coding_(messages.encoding),
      method_(std::move(calls)),
      caller_(std::move(caller)) {}

void GrpcStream::Take(std::span<const std::byte> bytes,
                      const std::shared_ptr<net::BodyMemory>& memory) {
  if (!ended_ && !drains_) (void)messages_.Append(bytes, memory);  // its status stays
}

void GrpcStream::Open(std::shared_ptr<net::StreamExchange> exchange) {
  exchange_ = std::move(exchange);
  Result<std::optional<MonotonicTime>> deadline = DeadlineOf(
      exchange_->head(), exchange_->received(), std::nullopt, std::chrono::hours(24 * 365));
  if (!deadline.ok()) return End(deadline.status());
  deadline_ = *deadline;
  if (caller_ != nullptr && caller_->unchecked != nullptr) CheckLogin();
}

/// What comes meanwhile waits: its window is not opened.
void GrpcStream::CheckLogin() {
  is_admitted_ = false;
  const auto on_checked = [self = shared_from_this()](access::Admission verdict) {
    const auto admission = std::make_shared<access::Admission>(std::move(verdict));
    self->exchange_->Run([self, admission] { self->OnChecked(*admission); });
  };
  context_.parts.gatekeeper->Check(*caller_, on_checked);
}

void GrpcStream::OnChecked(access::Admission& admission) {
  if (!admission.status.ok()) return End(admission.status);
  *caller_ = std::move(*admission.caller);
  is_admitted_ = true;
  Work();
}

/// What the method does in it may call it again: that is done behind.
void GrpcStream::Work() {
  if (ended_) return;
  if (std::exchange(working_, true)) {
    work_again_ = true;
    return;
  }
  do {
    work_again_ = false;
    Step();
  } while (work_again_ && !ended_);
  working_ = false;
  if (!ended_) SayWhatIsAwaited();
}

void GrpcStream::Step() {
  state_ = exchange_->state();
  if (state_.is_gone) {
    ended_ = true;
    return Count(Code::kCancelled);
  }
  if (Status why = WhyEnd(); !why.ok()) return End(why);
  if (!is_admitted_) return;
  do {
    method_->Flush(*this);
  } while (!ended_ && TakeMessages());
  if (ended_) return;
  drains_ = drains_ || state_.is_draining;
  if (!IsFinished()) return;
  const bool is_whole = state_.body_ended && !messages_.IsWithinMessage();
  if (is_whole) return End({});
  if (!drains_)
    return End(
        InvalidArgument("the call ends within a message").With(errors::kRequestFieldInvalid));
  EndForDrain();
}

void GrpcStream::EndForDrain() {
  End(Unavailable("the server is shutting down").Hint("call again: another server may answer"));
}

Status GrpcStream::WhyEnd() const {
  if (!messages_.status().ok()) return messages_.status();
  if (deadline_ && state_.now >= *deadline_) return DeadlineExceeded("the call's deadline passed");
  if (state_.is_late)
    return DeadlineExceeded("the rest of a message did not come").With(errors::kRequestTimeout);
  return {};
}

/// True if there may be more to send.
bool GrpcStream::TakeMessages() {
  bool taken = false;
  while (!ended_ && messages_.HasMessage() && method_->MayTake(*this)) {
    Result<InboundMessage> message = messages_.Take();
    if (!message.ok()) {
      End(message.status());
    } else {
      method_->Take(*this, std::move(*message));
    }
    taken = true;
  }
  if (const std::size_t bytes = messages_.TakeConsumed(); bytes > 0 && !ended_)
    exchange_->Consume(bytes);
  return taken;
}

bool GrpcStream::IsFinished() const {
  const bool is_last = state_.body_ended || drains_;
  return is_last && !messages_.HasMessage() && method_->IsDone(*this);
}

Result<access::Place> GrpcStream::AdmitMessage() {
  if (caller_ == nullptr) return access::Place();
  if (!std::exchange(had_message_, true)) return std::move(caller_->place);
  return context_.parts.gatekeeper->EnterAgain(*caller_);
}

void GrpcStream::SayWhatIsAwaited() {
  exchange_->AwaitBody(messages_.IsWithinMessage());
  const MonotonicTime deadline = deadline_.value_or(MonotonicTime::max());
  exchange_->WakeAt(std::min(deadline, std::exchange(wake_at_, MonotonicTime::max())));
}

void GrpcStream::Send(OutboundMessage message) {
  if (ended_) return;
  const bool may_compress =
      coding_ != net::ContentCoding::kIdentity && Accepts(exchange_->head(), coding_);
  const net::ContentCoding coding = may_compress ? coding_ : net::ContentCoding::kIdentity;
  const Result<bool> sealed = Seal(coding, message);
  if (!sealed.ok()) return End(sealed.status());
  if (!std::exchange(begun_, true)) {
    net::Response head{.content_type = "application/grpc"};
    if (may_compress) head.headers.emplace_back("grpc-encoding", net::CodingName(coding));
    exchange_->Begin(std::move(head));
  }
  std::vector<net::BodyPart> parts = {net::BodyPart::Of(std::move(message.text))};
  std::ranges::move(message.parts, std::back_inserter(parts));
  exchange_->Send(std::move(parts));
}

void GrpcStream::End(const Status& status) {
  if (std::exchange(ended_, true)) return;
  Count(status.code());
  if (!begun_ && !status.ok()) return exchange_->Answer(ErrorAnswer(status));
  if (!begun_) exchange_->Begin({.content_type = "application/grpc"});
  if (!status.ok()) return exchange_->End(ErrorAnswer(status).headers);
  exchange_->End({{"grpc-status", "0"}});
}

void GrpcStream::TellOf(SentAnswer request) const {
  request.route = number_;
  request.loop = exchange_->loop();
  context_.Tell(exchange_->head(), caller_.get(), request);
}

void GrpcStream::Count(Code code) {
  context_.Count(exchange_->head(), caller_.get(),
                 {.route = number_,
                  .code = static_cast<int>(code),
                  .total = context_.parts.clock.Now() - exchange_->received(),
                  .loop = exchange_->loop()});
}

}  // namespace slipway::serve::grpc
