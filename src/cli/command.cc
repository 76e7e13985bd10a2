#include "cli/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/help_text.h"
#include "cli/report_error.h"

namespace slipway::cli {

namespace {

const std::vector<Command>& Table() {
  static const std::vector<Command> table = [] {
    std::vector<Command> commands;
    // Start
    commands.push_back(MakeServeCommand());
    commands.push_back(MakeRunCommand());
    commands.push_back(MakeDoctorCommand());
    // Model work
    commands.push_back(MakeImportCommand());
    commands.push_back(MakeInspectCommand());
    commands.push_back(MakeVerifyCommand());
    commands.push_back(MakeCompareCommand());
    commands.push_back(MakeEvalCommand());
    commands.push_back(MakeEnsembleCommand());
    commands.push_back(MakeBenchCommand());
    // Store
    commands.push_back(MakePushCommand());
    commands.push_back(MakeLsCommand());
    commands.push_back(MakeShowCommand());
    commands.push_back(MakeHistoryCommand());
    commands.push_back(MakeTagCommand());
    commands.push_back(MakeRmCommand());
    commands.push_back(MakeGcCommand());
    // Server
    commands.push_back(MakePsCommand());
    commands.push_back(MakeStatusCommand());
    commands.push_back(MakeTopCommand());
    commands.push_back(MakeLogsCommand());
    commands.push_back(MakeLoadCommand());
    commands.push_back(MakeUnloadCommand());
    commands.push_back(MakeKeysCommand());
    commands.push_back(MakeGrantCommand());
    commands.push_back(MakeRevokeCommand());
    commands.push_back(MakeDashboardsCommand());
    commands.push_back(MakeRenderCommand());
    // Tools
    commands.push_back(MakeVersionCommand());
    commands.push_back(MakeHelpCommand());
    commands.push_back(MakeExplainErrorCommand());
    commands.push_back(MakeCompletionCommand());
    return commands;
  }();
  return table;
}

bool WantsHelp(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "-h" || word == "--help") return true;
  }
  return false;
}

Status UnknownVerb(const std::string& verb) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) names.emplace_back(command.name);
  std::string message = fmt::format("unknown command \"{}\"", Printable(verb, 64));
  if (const auto near = DidYouMean(verb, names))
    message += fmt::format("; did you mean {}?", *near);
  return InvalidArgument(std::move(message)).With(errors::kUsage).Hint("see: slipway help");
}

CommandResult RunCommand(const Command& command, std::span<const std::string> words) {
  const std::vector<Flag> flags = AllFlags(command);
  SLIPWAY_TRY(const Arguments arguments,
              ParseArguments(command.name, flags, command.positionals, words));
  ConfigureLog(arguments.Switch("--verbose") ? LogLevel::kDebug : LogLevel::kWarning,
               arguments.Text("--log-format") == "json" ? LogFormat::kJson : LogFormat::kText);
  Interruption interruption;
  Context context = Context::From(arguments, interruption);
  return command.run(arguments, context);
}

}  // namespace

std::span<const Command> Commands() { return Table(); }

const Command* FindCommand(std::string_view name) {
  for (const Command& command : Commands()) {
    if (command.name == name || std::ranges::find(command.aliases, name) != command.aliases.end()) {
      return &command;
    }
  }
  return nullptr;
}

std::span<const Flag> GlobalFlags() {
  static const std::vector<Flag> flags = {
      {.name = "--format",
       .value = "FORMAT",
       .help = "what to print on standard output",
       .default_value = "table",
       .choices = {"table", "wide", "json", "name"}},
      {.name = "--quiet", .letter = 'q', .help = "names only, no messages"},
      {.name = "--no-headers", .help = "tables without their first line"},
      {.name = "--verbose", .letter = 'v', .help = "log what happens inside"},
      {.name = "--color",
       .value = "WHEN",
       .help = "colour on standard error",
       .default_value = "auto",
       .choices = {"auto", "always", "never"}},
      {.name = "--progress",
       .value = "HOW",
       .help = "progress on standard error",
       .default_value = "auto",
       .choices = {"auto", "tty", "plain", "none"}},
      {.name = "--log-format",
       .value = "FORMAT",
       .help = "log lines on standard error",
       .default_value = "text",
       .choices = {"text", "json"}},
      {.name = "--store", .value = "DIR", .help = "the store of published models"},
      {.name = "--host",
       .value = "URL",
       .help = "the running server that ps, load and unload talk to; or unix:PATH",
       .default_value = "http://127.0.0.1:8080"},
      {.name = "--api-key-file",
       .value = "FILE",
       .help = "a key for the server, if not the store's admin key"},
      {.name = "--ca",
       .value = "FILE",
       .help = "certificates to trust for https instead of the system's"},
      {.name = "--cert",
       .value = "FILE",
       .help = "the certificate to show to a server that asks for one"},
      {.name = "--cert-key", .value = "FILE", .help = "the key of --cert"},
  };
  return flags;
}

std::vector<Flag> AllFlags(const Command& command) {
  std::vector<Flag> flags = command.flags;
  flags.insert(flags.end(), GlobalFlags().begin(), GlobalFlags().end());
  return flags;
}

ExitCode RunCommandLine(std::span<const std::string> words) {
  if (words.empty() || words[0] == "-h" || words[0] == "--help") {
    return Print(OverviewHelp()).ok() ? ExitCode::kSuccess : ExitCode::kFailure;
  }
  const std::string verb = words[0] == "--version" ? "version" : words[0];
  const Command* command = FindCommand(verb);
  if (command == nullptr) return ReportError(UnknownVerb(verb));
  const auto rest = words.subspan(1);
  if (WantsHelp(rest)) {
    return Print(CommandHelp(*command)).ok() ? ExitCode::kSuccess : ExitCode::kFailure;
  }
  CommandResult result = RunCommand(*command, rest);
  return result.ok() ? *result : ReportError(std::move(result).status());
}

}  // namespace slipway::cli
