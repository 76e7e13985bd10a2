#pragma once

#include <string>
#include <vector>

namespace slipway::cli {

/// A server as a service of systemd.
struct SystemdService {
  std::string program;             ///< absolute path of slipway
  std::vector<std::string> words;  ///< behind `slipway serve`
  std::string user = "slipway";
  /// ListenStream= of the main listener, without spaces or '%'; none: the server binds.
  std::vector<std::string> sockets;
  std::vector<std::string> admin_sockets;  ///< of the admin listener
};

/// A file of /etc/systemd/system.
struct SystemdUnit {
  std::string name;  ///< "slipway.service"
  std::string text;
};

/// The service, and a unit for the sockets of each listener that has some: hardened as far as
/// serving, and importing in a confined process, allow. Pure.
std::vector<SystemdUnit> RenderSystemdUnits(const SystemdService& service);

/// As one word of a command line in a unit (systemd.service(5)).
std::string SystemdWord(const std::string& word);

}  // namespace slipway::cli
