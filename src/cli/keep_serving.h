#pragma once

#include <string>

#include "cli/folder_watches.h"
#include "serve/model/model_set.h"
#include "server/server.h"
#include "server/supervisor.h"

namespace slipway::cli {

/// What a server does between its start and its end, on one thread: it looks at folders and
/// certificates when that is due or a signal asks for it, and tells the supervisor how it goes.
/// Returns when a signal says that the server shall end.
void KeepServing(server::Server& server, FolderWatches& folders,
                 const server::Supervisor& supervisor);

/// One line for whoever asks the supervisor: "2 models ready; failed: iris:3 (why)".
std::string DescribeService(const serve::ModelSet& models);

}  // namespace slipway::cli
