#pragma once

#include <string>

#include "serve/control/configuration.h"
#include "server/server_options.h"

namespace slipway::server {

/// Every bound in force, and what runs, of decided options: what /v2/config shows. Pure.
serve::Configuration ReportConfiguration(const ServerOptions& options, const ThreadBudget& budget,
                                         const std::string& engine);

}  // namespace slipway::server
