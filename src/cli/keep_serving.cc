#include "cli/keep_serving.h"

#include <fmt/format.h>
#include <time.h>

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/heap.h"
#include "server/rest_detector.h"
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

/// That this process has used.
std::chrono::nanoseconds ProcessorTime() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
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
  const SystemClock clock;
  server::RestDetector rest;
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
    // What an allocator keeps for a while it gives back only when it is asked for something.
    if (rest.BeginsToRest(clock.Now(), ProcessorTime())) ReturnFreeBlocks();
  }
}

}  // namespace slipway::cli
