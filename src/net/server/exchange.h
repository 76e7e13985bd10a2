#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "net/http/body_buffer.h"
#include "net/http/http_types.h"

namespace slipway::net {

class Connection;

/// One request of a connection, in the hands of the service. Dropped without an answer, it answers
/// 500 by itself: no client waits for ever.
class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<Connection> connection, std::uint64_t sequence,
                     RequestHead head, BodyBuffer body, MonotonicTime received,
                     std::shared_ptr<const std::atomic<bool>> cancelled);
  ~ConnectionExchange() override;

  const RequestHead& head() const override { return head_; }
  std::span<const std::byte> body() const override { return body_.bytes(); }
  void Send(Response response) override;
  bool Abandoned() const override;
  MonotonicTime received() const override { return received_; }
  unsigned loop() const override;
  void Post(std::function<void()> task) override;

 private:
  void Deliver(Response response);

  const std::shared_ptr<Connection> connection_;
  const std::uint64_t sequence_;
  RequestHead head_;
  const BodyBuffer body_;
  const MonotonicTime received_;
  const std::shared_ptr<const std::atomic<bool>> cancelled_;  ///< may be absent
  std::atomic<bool> sent_{false};
};

}  // namespace slipway::net
