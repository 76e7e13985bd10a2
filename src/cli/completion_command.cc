#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
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

/// Text within single quotes of fish.
std::string FishQuoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

std::string FishScript() {
  std::string script;
  for (const Command& command : Commands()) {
    script += fmt::format("complete -c slipway -n __fish_use_subcommand -a {} -d '{}'\n",
                          command.name, FishQuoted(command.summary));
    for (const Flag& flag : AllFlags(command)) {
      script +=
          fmt::format("complete -c slipway -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n",
                      command.name, flag.name.substr(2), FishQuoted(flag.help));
    }
  }
  script +=
      "complete -c slipway -n 'not __fish_use_subcommand' -a '(slipway ls --quiet 2>/dev/null)'\n";
  return script;
}

struct Shell {
  std::string_view name;
  std::string (*script)();
};
constexpr std::array kShells = {Shell{"bash", BashScript}, Shell{"zsh", ZshScript},
                                Shell{"fish", FishScript}};

CommandResult RunCompletion(const Arguments& arguments, Context& context) {
  const std::string name = arguments.Text("SHELL");
  const auto shell = std::ranges::find(kShells, name, &Shell::name);
  if (shell == kShells.end()) {
    return InvalidArgument(
               fmt::format("no completion for \"{}\": bash, zsh or fish", Printable(name, 64)))
        .With(errors::kUsage);
  }
  const std::string script = shell->script();
  OrderedJson json;
  json["shell"] = name;
  json["script"] = script;
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Completion", json, script));
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
