#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/client/http_client.h"
#include "serve/remote/oip_codec.h"
#include "serve/remote/remote_connection.h"

namespace slipway::serve {

/// Over HTTP/1.1.
class HttpConnection final : public RemoteConnection {
 public:
  HttpConnection(const RemoteServerOptions& options, int interrupt);

  Status Prepare(const RemoteRequest& request) override;
  RemoteOutcome Try(MonotonicTime deadline) override;

 private:
  std::vector<net::Header> Headers(MonotonicTime deadline) const;

  const RemoteServerOptions& options_;
  net::HttpClient client_;
  std::string target_;
  InferBody body_;
  std::vector<std::string_view> outputs_;
  telemetry::TraceHeaders trace_;
};

}  // namespace slipway::serve
