#include <fmt/format.h>

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

namespace {

std::string VerbNames() {
  std::string names;
  for (const Command& command : Commands()) names += fmt::format("{} ", command.name);
  return names;
}

std::string FlagNames(const Command& command) {
  std::string names;
  for (const Flag& flag : AllFlags(command)) names += fmt::format("{} ", flag.name);
  return names;
}

/// Names of models in the store are asked for at completion time, so the script never goes stale.
constexpr std::string_view kModelNames = "$(slipway ls --quiet 2>/dev/null)";

std::string BashScript() {
  std::string script = fmt::format(
      "_slipway() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} verb=${{COMP_WORDS[1]}} flags=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return; "
      "fi\n"
      "  case $verb in\n",
      VerbNames());
  for (const Command& command : Commands()) {
    script += fmt::format("    {}) flags=\"{}\" ;;\n", command.name, FlagNames(command));
  }
  script += fmt::format(
      "  esac\n"
      "  case $word in\n"
      "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -W \"{}\" -- \"$word\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _slipway slipway\n",
      kModelNames);
  return script;
}

std::string ZshScript() {
  return "#compdef slipway\nautoload -U +X bashcompinit && bashcompinit\n" + BashScript();
}

std::string FishScript() {
  std::string script;
  for (const Command& command : Commands()) {
    script += fmt::format("complete -c slipway -n __fish_use_subcommand -a {} -d '{}'\n",
                          command.name, command.summary);
    for (const Flag& flag : AllFlags(command)) {
      script +=
          fmt::format("complete -c slipway -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n",
                      command.name, flag.name.substr(2), flag.help);
    }
  }
  script +=
      "complete -c slipway -n 'not __fish_use_subcommand' -a '(slipway ls --quiet 2>/dev/null)'\n";
  return script;
}

CommandResult RunCompletion(const Arguments& arguments, Context&) {
  const std::string shell = arguments.Text("SHELL");
  if (shell == "bash") {
    SLIPWAY_RETURN_IF_ERROR(Print(BashScript()));
  } else if (shell == "zsh") {
    SLIPWAY_RETURN_IF_ERROR(Print(ZshScript()));
  } else if (shell == "fish") {
    SLIPWAY_RETURN_IF_ERROR(Print(FishScript()));
  } else {
    return InvalidArgument(fmt::format("no completion for \"{}\": bash, zsh or fish", shell))
        .With(errors::kUsage);
  }
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeCompletionCommand() {
  return {.name = "completion",
          .group = "Tools",
          .summary = "print a completion script for bash, zsh or fish",
          .positionals = {{.name = "SHELL", .help = "bash, zsh or fish"}},
          .examples = {"source <(slipway completion bash)", "slipway completion fish | source"},
          .run = RunCompletion};
}

}  // namespace slipway::cli
