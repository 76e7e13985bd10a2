#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "serve/ensemble/remote_models.h"
#include "serve/remote/circuit_breaker.h"
#include "serve/remote/remote_connection.h"
#include "serve/remote/remote_outcome.h"
#include "serve/remote/remote_server_options.h"
#include "serve/remote/retry_budget.h"
#include "telemetry/counter.h"

namespace slipway::serve {

/// What was counted of another server.
struct RemoteFacts {
  std::string server;
  CircuitBreaker::State circuit = CircuitBreaker::State::kClosed;
  std::vector<std::pair<std::string, std::uint64_t>> requests;  ///< by how they ended
  std::uint64_t retries = 0;
};

/// Requests for the models of one other server, over connections that are kept alive. Each has a
/// thread of its own that waits for the answers, so that neither an event loop nor a model's worker
/// ever does; it is started when it is first needed. Thread-safe.
class RemoteServer {
 public:
  /// `clock` outlives this, and is the machine's.
  RemoteServer(RemoteServerOptions options, const Clock& clock);
  ~RemoteServer() { Stop(); }

  /// What RemoteModels::Infer() says.
  void Infer(RemoteRequest request, InferCompletion done);
  /// Ends what is under way at once.
  void Stop();

  RemoteFacts Facts() const;
  /// Why it is not asked now; "": it is.
  std::string WhyNotAsked() const;

 private:
  struct Call {
    RemoteRequest request;
    InferCompletion done;
    MonotonicTime arrived;
    MonotonicTime deadline;
  };

  Status Queue(Call& call);
  std::optional<Call> Next(const std::stop_token& stop);
  void Work(const std::stop_token& stop);
  void Do(Call call, RemoteConnection& connection, const std::stop_token& stop);
  Result<std::vector<TensorBuffer>> TryUntilDone(const Call& call, RemoteConnection& connection,
                                                 const std::stop_token& stop);
  RemoteOutcome TryOnce(const Call& call, RemoteConnection& connection);
  Status Admit(const Call& call);
  void NoteHealth(RemoteOutcome::Health health, const Status& why);
  bool MayTryAgain(const RemoteOutcome& outcome, unsigned tries);
  void WaitBefore(unsigned tries, const std::stop_token& stop);
  Status NotAsked() const;
  void Count(const Status& outcome);

  const RemoteServerOptions options_;
  const Clock& clock_;
  const FileDescriptor interrupt_;  ///< readable once Stop() was called
  std::array<telemetry::Counter, 5> requests_;
  telemetry::Counter retries_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any added_;
  std::condition_variable_any stopping_;
  std::deque<Call> calls_;
  std::size_t idle_ = 0;  ///< threads that wait for a call
  bool has_ended_ = false;
  CircuitBreaker breaker_;
  RetryBudget budget_;
  std::minstd_rand random_;
  std::vector<std::jthread> threads_;
};

}  // namespace slipway::serve
