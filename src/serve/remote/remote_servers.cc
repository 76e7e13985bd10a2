#include "serve/remote/remote_servers.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {

RemoteServers::RemoteServers(const std::vector<RemoteServerOptions>& servers, const Clock& clock) {
  for (const RemoteServerOptions& server : servers)
    servers_.emplace(server.name, std::make_unique<RemoteServer>(server, clock));
}

void RemoteServers::Infer(RemoteRequest request, InferCompletion done) {
  const auto server = servers_.find(request.server);
  if (server != servers_.end()) return server->second->Infer(std::move(request), std::move(done));
  done(FailedPrecondition(fmt::format("no server is called \"{}\" here", request.server))
           .With(errors::kRemoteNotAllowed));
}

void RemoteServers::Stop() {
  for (const auto& [name, server] : servers_) server->Stop();
}

std::optional<std::string> RemoteServers::WhyNotAsked(const std::string& server) const {
  const auto found = servers_.find(server);
  if (found == servers_.end()) return std::nullopt;
  return found->second->WhyNotAsked();
}

std::vector<RemoteFacts> RemoteServers::Facts() const {
  std::vector<RemoteFacts> facts;
  for (const auto& [name, server] : servers_) facts.push_back(server->Facts());
  return facts;
}

}  // namespace slipway::serve
