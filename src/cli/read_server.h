#pragma once

#include "base/status.h"
#include "cli/context.h"
#include "cli/server_checkup.h"

namespace slipway::cli {

/// Asks the server of --host everything that it shows to this user. What HttpClient::Send() says of
/// the first question (kServerUnreachable); of the others what failed is absent.
Result<ServerReading> ReadServer(const Context& context);

}  // namespace slipway::cli
