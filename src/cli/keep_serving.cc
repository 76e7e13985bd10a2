#include "cli/keep_serving.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "server/termination.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::seconds kTick{5};  // how soon new certificates are noticed

void Reload(server::Server& server, FolderWatches& folders, const server::Supervisor& supervisor) {
  supervisor.Reloading();
  server.ReloadCertificate();
  folders.LookNow(server);
  supervisor.Ready(DescribeService(server.models()));
}

}  // namespace

std::string DescribeService(const serve::ModelSet& models) {
  std::size_t ready = 0;
  std::string failed;
  for (const serve::ModelStatus& status : models.Statuses()) {
    if (status.state == serve::ModelState::kReady) ++ready;
    if (status.state != serve::ModelState::kFailed) continue;
    failed += fmt::format("{}{}:{} ({})", failed.empty() ? "; failed: " : ", ", status.name,
                          status.version, status.reason);
  }
  return fmt::format("{} {} ready{}", ready, ready == 1 ? "model" : "models", failed);
}

void KeepServing(server::Server& server, FolderWatches& folders,
                 const server::Supervisor& supervisor) {
  std::string said = DescribeService(server.models());
  supervisor.Ready(said);
  for (;;) {
    switch (server::Termination::WaitAtMost(folders.UntilDue(kTick))) {
      case server::Termination::Request::kNone:
        server.ReloadChangedCertificate();
        folders.LookWhenDue(server);
        break;
      case server::Termination::Request::kReload:
        Reload(server, folders, supervisor);
        break;
      case server::Termination::Request::kEnd:
        return;
    }
    std::string now = DescribeService(server.models());
    if (now != said) supervisor.Say(now);
    said = std::move(now);
  }
}

}  // namespace slipway::cli
