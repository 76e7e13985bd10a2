#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "base/thread_budget.h"
#include "engine/engine.h"
#include "engine/worker/isolated_engine.h"
#include "net/socket/tls_certificates.h"
#include "serve/control/folder_source.h"
#include "serve/control/model_source.h"
#include "serve/model/model_set.h"
#include "server/server_options.h"
#include "server/supervisor.h"

namespace slipway::server {

/// What a server needs from outside; all of it outlives the server.
struct ServerSurroundings {
  engine::Engine& engine;
  const serve::ModelSource& source;
  /// The part of `source` whose models another list may replace (ModelControl::ReplaceList);
  /// absent: none.
  serve::FolderSource* list = nullptr;
  const Clock& clock;
  const ThreadBudget& budget;
  const engine::IsolatedEngine* isolated = nullptr;  ///< `engine`, where it keeps processes
  const Supervisor* supervisor = nullptr;  ///< who is told of the life of the server; may be absent
};

/// A serving process: models, predictor, routes, page, metrics and listener. Thread-safe.
class Server {
 public:
  /// Binds, answers liveness from then on, loads options.models, and is ready; with passed sockets
  /// it answers when it is ready. `options` come from Decided(). AlreadyExists (kAddressInUse);
  /// what AdminKey::LoadOrCreate() and TlsContext::ForServer() say; the error of the first model
  /// that does not load and may not fail, or of the first one where none loads: then nothing is
  /// served.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               const ServerSurroundings& surroundings);
  /// Drops what is in flight, unless Drain() was called before.
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  /// That of the admin listener; 0: there is none.
  virtual std::uint16_t admin_port() const = 0;
  virtual const serve::ModelSet& models() const = 0;
  /// The certificate that clients see; nullptr without TLS.
  virtual const net::TlsCertificates* tls() const = 0;

  /// Reads the files of the certificate again, for the next connections. What cannot be used is
  /// warned of, and the old one stays. Nothing without TLS.
  virtual void ReloadCertificate() = 0;
  /// The same if the files have changed; to be called every few seconds.
  virtual void ReloadChangedCertificate() = 0;

  /// Loads what the source wants of a model, and returns at once; the log and the index tell how it
  /// went. A failure leaves what is served, and readiness, as they are.
  virtual void LoadWanted(const std::string& name) = 0;

  /// Whether every event loop has worked since the call before (HttpServer::LoopsAnswer).
  virtual bool IsAlive() = 0;

  /// Ends in order: not ready; after the drain delay no new connections; what was accepted is
  /// answered, for at most the drain timeout. Returns how many requests were dropped then (0:
  /// nothing is lost). Blocks; once only.
  virtual std::uint64_t Drain() = 0;
};

}  // namespace slipway::server
