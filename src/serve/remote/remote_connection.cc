#include "serve/remote/remote_connection.h"

#include <algorithm>
#include <chrono>

#include "serve/remote/grpc_connection.h"
#include "serve/remote/http_connection.h"

namespace slipway::serve {

std::unique_ptr<RemoteConnection> RemoteConnection::Make(const RemoteServerOptions& options,
                                                         int interrupt) {
  if (options.protocol == RemoteProtocol::kGrpc)
    return std::make_unique<GrpcConnection>(options, interrupt);
  return std::make_unique<HttpConnection>(options, interrupt);
}

net::HttpClientOptions ClientOptionsOf(const RemoteServerOptions& options, int interrupt) {
  return {.connect_timeout = options.timeout,
          .answer_timeout = options.timeout,
          .limits = {.body_bytes = options.max_answer_bytes},
          .tls = options.tls,
          .interrupt = interrupt};
}

void AddTrace(const telemetry::TraceHeaders& trace, std::vector<net::Header>& headers) {
  if (!trace.traceparent.empty()) headers.emplace_back("traceparent", trace.traceparent);
  if (!trace.tracestate.empty()) headers.emplace_back("tracestate", trace.tracestate);
}

std::int64_t MillisecondsUntil(MonotonicTime deadline) {
  using std::chrono::milliseconds;
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max<std::int64_t>(1, std::chrono::duration_cast<milliseconds>(left).count());
}

}  // namespace slipway::serve
