#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/client/http_client.h"
#include "serve/ensemble/remote_models.h"
#include "serve/remote/remote_outcome.h"
#include "serve/remote/remote_server_options.h"

namespace slipway::serve {

/// One kept connection to another server, in the protocol that it speaks. Connects with the first
/// Try(), and again when that is needed. For one thread.
class RemoteConnection {
 public:
  /// `options` outlives it. Once `interrupt` is readable, nothing is waited for.
  static std::unique_ptr<RemoteConnection> Make(const RemoteServerOptions& options, int interrupt);
  virtual ~RemoteConnection() = default;

  /// Writes down what Try() sends, once for all tries. The tensors are not copied: `request` stays
  /// as it is until the last. InvalidArgument: more than one message can hold.
  virtual Status Prepare(const RemoteRequest& request) = 0;
  /// Sends it, and waits for the answer, until `deadline` at most.
  virtual RemoteOutcome Try(MonotonicTime deadline) = 0;
};

// What every protocol needs.

net::HttpClientOptions ClientOptionsOf(const RemoteServerOptions& options, int interrupt);
/// As headers or metadata.
void AddTrace(const telemetry::TraceHeaders& trace, std::vector<net::Header>& headers);
/// What is left for an answer, as the server is told: 1 at least.
std::int64_t MillisecondsUntil(MonotonicTime deadline);

}  // namespace slipway::serve
