#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "net/http/body_buffer.h"
#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/socket/tls_certificates.h"

namespace slipway::net {

/// What all connections of one server share. Outlives its loops' threads; a connection touches it
/// on its loop only.
struct ServerContext {
  ServerContext(const HttpLimits& the_limits, HttpService& the_service,
                std::shared_ptr<const TlsCertificates> the_tls = nullptr)
      : limits(the_limits),
        service(the_service),
        tls(std::move(the_tls)),
        body_memory(std::make_shared<BodyMemory>(the_limits.body_bytes_total)) {}

  const HttpLimits limits;
  HttpService& service;
  const std::shared_ptr<const TlsCertificates> tls;  ///< absent: the port speaks clear text
  const std::shared_ptr<BodyMemory> body_memory;
  std::atomic<bool> draining{false};

  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> handshakes{0};  ///< that go on now
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> dropped_in_drain{0};

  std::mutex mutex;  ///< for waiting on `open` and the acceptor's end
  std::condition_variable something_closed;
};

}  // namespace slipway::net
