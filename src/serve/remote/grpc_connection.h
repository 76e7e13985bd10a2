#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/wire_writer.h"
#include "net/client/http2_client.h"
#include "serve/remote/remote_connection.h"

namespace slipway::serve {

/// Over gRPC: ModelInfer of inference.GRPCInferenceService, tensors as raw contents.
class GrpcConnection final : public RemoteConnection {
 public:
  GrpcConnection(const RemoteServerOptions& options, int interrupt);

  Status Prepare(const RemoteRequest& request) override;
  RemoteOutcome Try(MonotonicTime deadline) override;

 private:
  std::vector<net::Header> Metadata(MonotonicTime deadline) const;

  const RemoteServerOptions& options_;
  net::Http2Client client_;
  WireWriter message_;
  std::string prefix_;                    ///< of the message
  std::vector<std::string_view> pieces_;  ///< of it, in order
  std::vector<std::string_view> outputs_;
  telemetry::TraceHeaders trace_;
};

}  // namespace slipway::serve
