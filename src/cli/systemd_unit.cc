#include "cli/systemd_unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace slipway::cli {
namespace {

constexpr std::string_view kService =
    R"(# Made by: slipway render systemd. Changes of your own: systemctl edit slipway
[Unit]
Description=Slipway model server
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
User={user}
StateDirectory=slipway
RuntimeDirectory=slipway
LogsDirectory=slipway
Environment=SLIPWAY_STORE=/var/lib/slipway/store HOME=/var/lib/slipway
{sockets}
# SIGTERM goes to the server alone, which answers what it accepted; it asks for more time itself where its drain takes longer.
KillMode=mixed
TimeoutStopSec=45
# Killed and started again when an event loop has been stuck for so long.
WatchdogSec=30
Restart=on-failure
RestartSec=1
# What another start would not mend: a wrong command line, an address that needs TLS.
RestartPreventExitStatus=2 11
# An import that takes too much memory is ended alone.
OOMPolicy=continue
LimitNOFILE=65536
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
# With these an import confines itself.
SystemCallFilter=seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
)";

constexpr std::string_view kSocket =
    R"(# Made by: slipway render systemd. Connections wait here while the server restarts.
[Unit]
Description=Slipway model server, {title}

[Socket]
{addresses}FileDescriptorName={name}
Service=slipway.service
Backlog=1024
SocketUser={user}
SocketMode={mode}

[Install]
WantedBy=sockets.target
)";

bool IsPlain(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("/._-+,:=@").find(static_cast<char>(c)) != std::string_view::npos;
}

std::string CommandLine(const SystemdService& service) {
  std::string line = SystemdWord(service.program) + " serve";
  for (const std::string& word : service.words) line += " " + SystemdWord(word);
  return line;
}

SystemdUnit Socket(std::string name, std::string_view listener, std::string_view title,
                   const std::vector<std::string>& addresses, const SystemdService& service) {
  std::string lines;
  for (const std::string& address : addresses) lines += fmt::format("ListenStream={}\n", address);
  return {std::move(name),
          fmt::format(kSocket, fmt::arg("title", title), fmt::arg("addresses", lines),
                      fmt::arg("name", listener), fmt::arg("user", service.user),
                      // Of a file: as any program here may reach a port.
                      fmt::arg("mode", listener == "main" ? "0666" : "0600"))};
}

}  // namespace

std::string SystemdWord(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, IsPlain)) return word;
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%' || c == '$') quoted += c;
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::vector<SystemdUnit> RenderSystemdUnits(const SystemdService& service) {
  std::vector<SystemdUnit> units;
  std::string names;
  if (!service.sockets.empty()) {
    units.push_back(
        Socket("slipway.socket", "main", "where clients connect", service.sockets, service));
    names += " slipway.socket";
  }
  if (!service.admin_sockets.empty()) {
    units.push_back(Socket("slipway-admin.socket", "admin", "where it is administered",
                           service.admin_sockets, service));
    names += " slipway-admin.socket";
  }
  const bool reads_homes = std::ranges::any_of(service.words, [](const std::string& word) {
    return word.starts_with("/home/") || word.starts_with("/root/");
  });
  const std::string command = CommandLine(service);
  const std::string sockets = names.empty() ? "" : fmt::format("Sockets={}\n", names.substr(1));
  units.insert(
      units.begin(),
      {"slipway.service", fmt::format(kService, fmt::arg("command", command),
                                      fmt::arg("user", service.user), fmt::arg("sockets", sockets),
                                      fmt::arg("home", reads_homes ? "read-only" : "yes"))});
  return units;
}

}  // namespace slipway::cli
