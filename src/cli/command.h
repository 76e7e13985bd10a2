#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_catalogue.h"
#include "base/status.h"
#include "cli/arguments.h"

namespace slipway::cli {

class Context;

/// How a command ended when nothing failed: most say kSuccess; `compare`, `eval` and `doctor` may
/// report a finding.
using CommandResult = Result<ExitCode>;

/// One verb of the program, as data.
struct Command {
  std::string_view name;
  std::string_view
      group;  ///< heading in the help: "Start", "Model work", "Store", "Server", "Tools"
  std::string_view summary;  ///< one line, no full stop
  std::string_view description;
  std::vector<Positional> positionals;
  std::vector<Flag> flags;
  std::vector<std::string_view> examples;
  CommandResult (*run)(const Arguments& arguments, Context& context);
  std::vector<std::string_view> aliases = {};
};

/// Every verb, in the order of the help. A new verb is one file and one line in command.cc.
std::span<const Command> Commands();

/// The verb of that name or alias, or nullptr.
const Command* FindCommand(std::string_view name);

/// The flags that every verb takes.
std::span<const Flag> GlobalFlags();

/// A command's own flags and the global ones.
std::vector<Flag> AllFlags(const Command& command);

/// Runs one command line (without the program's name) and says how the process shall exit. Prints
/// errors.
ExitCode RunCommandLine(std::span<const std::string> words);

// One function per verb; each stands in a file of its own.
Command MakeServeCommand();
Command MakeRunCommand();
Command MakeImportCommand();
Command MakeInspectCommand();
Command MakeVerifyCommand();
Command MakeCompareCommand();
Command MakeEvalCommand();
Command MakeEnsembleCommand();
Command MakeBenchCommand();
Command MakePushCommand();
Command MakeLsCommand();
Command MakeShowCommand();
Command MakeHistoryCommand();
Command MakeTagCommand();
Command MakeRmCommand();
Command MakeGcCommand();
Command MakePsCommand();
Command MakeStatusCommand();
Command MakeTopCommand();
Command MakeLogsCommand();
Command MakeLoadCommand();
Command MakeUnloadCommand();
Command MakeKeysCommand();
Command MakeGrantCommand();
Command MakeRevokeCommand();
Command MakeRenderCommand();
Command MakeDoctorCommand();
Command MakeDashboardsCommand();
Command MakeVersionCommand();
Command MakeHelpCommand();
Command MakeExplainErrorCommand();
Command MakeCompletionCommand();

}  // namespace slipway::cli
