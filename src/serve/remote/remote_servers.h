#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/ensemble/remote_models.h"
#include "serve/remote/remote_server.h"

namespace slipway::serve {

/// The servers that steps may name. No other is ever asked. Thread-safe.
class RemoteServers final : public RemoteModels {
 public:
  /// Names are unique; `clock` outlives this, and is the machine's.
  RemoteServers(const std::vector<RemoteServerOptions>& servers, const Clock& clock);

  void Infer(RemoteRequest request, InferCompletion done) override;
  void Stop() override;

  /// nullopt: there is no such server. "": it is asked; else why it is not now.
  std::optional<std::string> WhyNotAsked(const std::string& server) const;
  std::vector<RemoteFacts> Facts() const;  ///< by name

 private:
  std::map<std::string, std::unique_ptr<RemoteServer>, std::less<>> servers_;
};

}  // namespace slipway::serve
