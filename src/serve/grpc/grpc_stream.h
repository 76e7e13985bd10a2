#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/status.h"
#include "net/http/stream_exchange.h"
#include "serve/grpc/grpc_call.h"
#include "serve/grpc/message_assembler.h"
#include "serve/grpc/message_frame.h"
#include "serve/grpc/stream_method.h"

namespace slipway::serve::grpc {

/// One call of a streaming method: messages in and out, flow control both ways, its deadline, its
/// end. What a client may cost: one message as it arrives, the window behind it, and as much as the
/// method takes at one time; what it does not read stops the method. When the server drains, what
/// has come is answered and the call ends as Unavailable. On the loop's thread, but for whoever
/// keeps it alive.
class GrpcStream final : public net::StreamHandler,
                         public std::enable_shared_from_this<GrpcStream> {
 public:
  /// `context` outlives this.
  GrpcStream(GrpcContext& context, std::size_t method, const MessageAssembler::Options& messages,
             std::unique_ptr<StreamMethod> calls, std::shared_ptr<access::Caller> caller);

  void Take(std::span<const std::byte> bytes,
            const std::shared_ptr<net::BodyMemory>& memory) override;
  void Open(std::shared_ptr<net::StreamExchange> exchange) override;
  void Work() override;

  // For the method.

  const GrpcApiParts& parts() const { return context_.parts; }
  net::StreamExchange& exchange() const { return *exchange_; }
  const std::shared_ptr<net::StreamExchange>& shared_exchange() const { return exchange_; }
  /// As of the current Work().
  const net::StreamExchange::State& state() const { return state_; }
  /// The place of one more message among what its caller has in flight: the first has the call's.
  /// ResourceExhausted (kQuotaUsed).
  Result<access::Place> AdmitMessage();
  /// When the client stops waiting for the call.
  std::optional<MonotonicTime> deadline() const { return deadline_; }
  bool ended() const { return ended_; }
  bool HasRoom() const { return !ended_ && exchange_->state().has_room; }
  /// Tells the observer of one request of the call, by its answer.
  void TellOf(SentAnswer request) const;
  /// Sends a message, compressed as the client's are and where it is worth it.
  void Send(OutboundMessage message);
  /// Ends the call; what was sent before arrives before.
  void End(const Status& status);
  /// Ends it because the server drains.
  void EndForDrain();
  /// Calls StreamMethod::Flush() at that time at the latest.
  void WakeAt(MonotonicTime when) { wake_at_ = when; }

 private:
  void CheckLogin();
  void OnChecked(access::Admission& admission);
  void Step();
  Status WhyEnd() const;
  bool TakeMessages();
  bool IsFinished() const;
  void SayWhatIsAwaited();
  void Count(Code code);

  GrpcContext& context_;
  const std::size_t number_;  ///< of the method
  MessageAssembler messages_;
  const net::ContentCoding coding_;
  const std::unique_ptr<StreamMethod> method_;
  const std::shared_ptr<access::Caller> caller_;  ///< absent: nobody who is counted
  std::shared_ptr<net::StreamExchange> exchange_;
  net::StreamExchange::State state_;
  std::optional<MonotonicTime> deadline_;
  MonotonicTime wake_at_ = MonotonicTime::max();
  bool is_admitted_ = true;  ///< false: its caller's password is being checked
  bool had_message_ = false;
  bool begun_ = false;
  bool ended_ = false;
  bool drains_ = false;  ///< what comes now comes too late
  bool working_ = false;
  bool work_again_ = false;
};

}  // namespace slipway::serve::grpc
