#include <fmt/format.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/systemd_unit.h"

namespace slipway::cli {

namespace {

namespace fs = std::filesystem;

/// A service starts in another folder: what is a file here is named from the root.
std::string FromRoot(const std::string& word) {
  std::error_code failed;
  if (word.starts_with('-') || !fs::exists(word, failed) || failed) return word;
  const fs::path path = fs::absolute(word, failed);
  return failed ? word : path.lexically_normal().string();
}

Status CheckSockets(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    if (!address.empty() && address.find_first_of(" \t\r\n%\\\"'") == std::string::npos) continue;
    return InvalidArgument(
               fmt::format("\"{}\" is no address of a socket unit", Printable(address, 64)))
        .With(errors::kUsage)
        .Hint("write a port, an address with a port, or a path");
  }
  return {};
}

Result<SystemdService> ReadService(const Arguments& arguments) {
  std::error_code failed;
  SystemdService service{.program = fs::read_symlink("/proc/self/exe", failed).string(),
                         .user = arguments.Text("--user"),
                         .sockets = arguments.List("--socket"),
                         .admin_sockets = arguments.List("--admin-socket")};
  SLIPWAY_RETURN_IF_ERROR(CheckSockets(service.sockets));
  SLIPWAY_RETURN_IF_ERROR(CheckSockets(service.admin_sockets));
  for (const std::string& word : arguments.List("WORD")) service.words.push_back(FromRoot(word));
  if (service.user.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    return InvalidArgument(fmt::format("\"{}\" is no name of a user", Printable(service.user, 64)))
        .With(errors::kUsage);
  return service;
}

Status WriteUnits(const std::vector<SystemdUnit>& units, const std::string& folder,
                  const Context& context) {
  SLIPWAY_RETURN_IF_ERROR(MakeDirectories(folder));
  for (const SystemdUnit& unit : units) {
    const std::string path = (fs::path(folder) / unit.name).string();
    SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(path, unit.text));
    context.Say("wrote " + path);
  }
  return {};
}

CommandResult RunRender(const Arguments& arguments, Context& context) {
  if (const std::string form = arguments.Text("FORM"); form != "systemd") {
    return InvalidArgument(fmt::format("no form \"{}\": systemd", Printable(form, 64)))
        .With(errors::kUsage);
  }
  SLIPWAY_TRY(const SystemdService service, ReadService(arguments));
  const std::vector<SystemdUnit> units = RenderSystemdUnits(service);
  if (arguments.Given("--output")) {
    SLIPWAY_RETURN_IF_ERROR(WriteUnits(units, arguments.Text("--output"), context));
    return ExitCode::kSuccess;
  }
  OrderedJson json = OrderedJson::object();
  std::string text;
  for (const SystemdUnit& unit : units) {
    json[unit.name] = unit.text;
    text += fmt::format("# /etc/systemd/system/{}\n{}\n", unit.name, unit.text);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("SystemdUnits", json, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeRenderCommand() {
  return {.name = "render",
          .group = "Server",
          .summary = "print what a service manager needs to run a server",
          .description =
              "systemd: a hardened unit with readiness, watchdog and reload, and socket units with "
              "--socket, so that connections wait while the server restarts. What stands behind -- "
              "is what slipway serve shall be given. docs/service.md tells the rest.",
          .positionals = {{.name = "FORM", .help = "systemd"},
                          {.name = "WORD",
                           .help = "sources and flags of slipway serve",
                           .least = 0,
                           .most = 1000}},
          .flags = {{.name = "--output",
                     .letter = 'o',
                     .value = "DIR",
                     .help = "write the files into this folder, such as /etc/systemd/system",
                     .from_environment = false},
                    {.name = "--socket",
                     .value = "ADDRESS",
                     .help = "let systemd listen here for clients: 8080, 0.0.0.0:8080, [::]:8080, "
                             "/run/slipway.sock",
                     .repeatable = true,
                     .from_environment = false},
                    {.name = "--admin-socket",
                     .value = "ADDRESS",
                     .help = "and here for administration",
                     .repeatable = true,
                     .from_environment = false},
                    {.name = "--user",
                     .value = "NAME",
                     .help = "who the server runs as",
                     .default_value = "slipway",
                     .from_environment = false}},
          .examples = {"slipway render systemd -- mnist --port 9000",
                       "slipway render systemd --socket 127.0.0.1:8080 -o /etc/systemd/system -- "
                       "/srv/models"},
          .run = RunRender};
}

}  // namespace slipway::cli
