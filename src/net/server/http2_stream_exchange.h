#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "net/http/stream_exchange.h"
#include "net/http2/http2_session.h"
#include "net/server/event_loop.h"

namespace slipway::net {

class Http2Protocol;

/// The way from the streamed requests of a connection back to it, as long as it is there. Touched
/// on its loop's thread.
struct Http2Link {
  Http2Protocol* protocol = nullptr;
};

/// A streamed request of a connection, in the hands of the service.
class Http2StreamExchange final : public StreamExchange {
 public:
  Http2StreamExchange(std::shared_ptr<const Http2Link> link, std::shared_ptr<EventLoop> loop,
                      Http2Session::Request request, MonotonicTime received);

  const RequestHead& head() const override { return head_; }
  MonotonicTime received() const override { return received_; }
  unsigned loop() const override { return loop_->number(); }
  bool Abandoned() const override { return cancelled_->load(std::memory_order_relaxed); }
  void Run(std::function<void()> task) override;

  State state() const override;
  void Consume(std::size_t bytes) override;
  void AwaitBody(bool awaits) override;
  void WakeAt(MonotonicTime when) override;
  void Begin(Response head) override;
  void Send(std::vector<BodyPart> parts) override;
  void End(std::vector<ResponseHeader> trailers) override;
  void Answer(Response response) override;

 private:
  const std::shared_ptr<const Http2Link> link_;
  const std::shared_ptr<EventLoop> loop_;
  const Http2Session::StreamId stream_;
  const RequestHead head_;
  const MonotonicTime received_;
  const std::shared_ptr<const std::atomic<bool>> cancelled_;
};

}  // namespace slipway::net
