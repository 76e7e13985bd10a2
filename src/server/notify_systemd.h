#pragma once

#include <string_view>

namespace slipway::server {

/// Tells systemd a state ("READY=1", "STOPPING=1") over the socket that NOTIFY_SOCKET names
/// (sd_notify(3)). Does nothing where there is none; a message that cannot be sent is lost, as the
/// protocol allows.
void NotifySystemd(std::string_view state);

}  // namespace slipway::server
