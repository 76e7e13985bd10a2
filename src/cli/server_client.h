#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/context.h"
#include "cli/served_log.h"
#include "cli/server_figures.h"
#include "net/client/http_client.h"
#include "registry/registry.h"

namespace slipway::cli {

/// One version as a server knows it.
struct ServedVersion {
  std::string name;
  std::string version;
  std::string state;   ///< "READY", "LOADING", "UNAVAILABLE", ...
  std::string reason;  ///< empty when ready
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  double mean_seconds = 0;  ///< of a right answer; 0 without any
  std::uint64_t memory_bytes = 0;
};

/// The running server of --host, with this user's admin key. Not thread-safe.
class ServerClient {
 public:
  /// Connects with the first call. The store's own key is sent to this machine only; elsewhere
  /// --api-key-file names one.
  /// `patience`: for an answer; a load answers when the model has been read, compiled and warmed.
  static Result<ServerClient> Create(const Context& context,
                                     std::chrono::milliseconds patience = std::chrono::minutes(10));

  /// Everything the server serves or could serve, by name and version, with what it counted.
  Result<std::vector<ServedVersion>> List();
  /// What it has counted, by its /metrics.
  Result<ServerFigures> Figures();
  /// Of its log, the newest `most` of the lines with numbers above `after`.
  Result<ServedLog> Log(std::uint64_t after, std::int64_t most);
  /// What its readiness says.
  Result<bool> IsReady();
  /// Returns once the model is ready; `reference` may name a version or an alias, no digest.
  Status Load(const registry::Reference& reference, const std::string& config = "");
  /// All versions of a model.
  Status Unload(const std::string& model);

  const net::HttpUrl& server() const { return client_.server(); }

 private:
  ServerClient(net::HttpClient client, std::string key)
      : client_(std::move(client)), key_(std::move(key)) {}
  Result<std::string> Call(std::string_view method, const std::string& target,
                           std::string_view body);

  net::HttpClient client_;
  std::string key_;  ///< empty: none is known
};

/// Reads the answers of POST /v2/repository/index and GET /v2/models/stats; the second may be
/// empty. DataLoss: not such answers.
Result<std::vector<ServedVersion>> ParseServedVersions(std::string_view index,
                                                       std::string_view statistics);

}  // namespace slipway::cli
