#include "server/server_options.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "net/socket/local_socket.h"

namespace slipway::server {
namespace {

constexpr std::chrono::milliseconds kPublicDrainDelay{5'000};
constexpr std::uint64_t kQueuedShare = 4;  // one in so many bytes may wait
constexpr std::uint64_t kRunShare = 4;     // and as much may one run take
constexpr std::uint64_t kModelsTake = 4;   // of kModelsOf parts of the memory
constexpr std::uint64_t kModelsOf = 5;
constexpr std::uint64_t kPage = 4096;

access::Openness OpennessOf(const ServerOptions& options, bool is_loopback) {
  if (options.require_key) return access::Openness::kToNobody;
  if (is_loopback) return access::Openness::kToThisMachine;
  const bool clients_show_certificates = options.tls && !options.tls->client_ca_file.empty();
  return clients_show_certificates || options.insecure ? access::Openness::kToInference
                                                       : access::Openness::kToNobody;
}

Status CheckEncryption(const ServerOptions& options, const std::string& address) {
  if (IsLoopback(address) || options.tls || options.insecure) return {};
  return FailedPrecondition(
             fmt::format("{} can be reached by others, and nothing would be encrypted", address))
      .With(errors::kInsecureAddress)
      .Hint(
          "give the server a certificate with --tls-cert and --tls-key, or add --insecure if the "
          "network is trusted");
}

Status CheckRemotes(const ServerOptions& options) {
  for (const serve::RemoteServerOptions& remote : options.remotes) {
    if (remote.url.tls || IsLoopback(remote.url.host) || options.insecure) continue;
    return FailedPrecondition(fmt::format("tensors for server \"{}\" would go over a network where "
                                          "others can read along",
                                          remote.name))
        .With(errors::kInsecureAddress)
        .Hint("name it with https:// or grpcs://, or add --insecure if the network is trusted");
  }
  return {};
}

/// In whole pages.
std::uint64_t WorkerRunBytes(const ServerOptions& options) {
  const std::uint64_t most =
      options.worker_memory == 0 ? options.max_run_bytes : options.worker_memory;
  return std::max(std::min(most, options.max_run_bytes) / kPage, std::uint64_t{1}) * kPage;
}

}  // namespace

bool IsLoopback(const std::string& address) {
  if (address == "localhost" || net::LocalPath(address)) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<ServerOptions> Decided(ServerOptions options, const ThreadBudget& budget,
                              std::uint64_t memory_bytes) {
  const bool is_loopback = IsLoopback(options.address);
  SLIPWAY_RETURN_IF_ERROR(CheckEncryption(options, options.address));
  if (options.admin) SLIPWAY_RETURN_IF_ERROR(CheckEncryption(options, options.admin->address));
  SLIPWAY_RETURN_IF_ERROR(CheckRemotes(options));
  options.openness = OpennessOf(options, is_loopback);
  if (options.loops == 0) options.loops = budget.cores;
  if (options.workers == 0) options.workers = budget.cores;
  if (options.max_queued_bytes == 0) options.max_queued_bytes = memory_bytes / kQueuedShare;
  if (options.max_run_bytes == 0) options.max_run_bytes = memory_bytes / kRunShare;
  if (options.worker_run_bytes == 0) options.worker_run_bytes = WorkerRunBytes(options);
  if (options.memory_budget == 0) options.memory_budget = memory_bytes / kModelsOf * kModelsTake;
  if (!options.drain_delay.has_value()) {
    options.drain_delay = is_loopback ? std::chrono::milliseconds(0) : kPublicDrainDelay;
  }
  return options;
}

engine::WorkerOptions WorkersOf(const ServerOptions& options) {
  return {.slots = options.loops + options.workers + options.load_threads,
          .region_bytes = options.worker_run_bytes,
          .memory_bytes = options.worker_memory,
          .hang = {.longest_run = options.run_limit}};
}

}  // namespace slipway::server
