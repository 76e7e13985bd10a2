#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/help_text.h"

namespace slipway::cli {

namespace {

Status UnknownTopic(const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) names.emplace_back(command.name);
  for (const Topic& topic : Topics()) names.emplace_back(topic.name);
  std::string message = fmt::format("no help on \"{}\"", word);
  if (const auto near = DidYouMean(word, names))
    message += fmt::format("; did you mean {}?", *near);
  return NotFound(std::move(message)).Hint("see: slipway help");
}

Result<std::string> TextOn(const std::string& word) {
  if (word.empty()) return OverviewHelp();
  if (const Command* command = FindCommand(word)) return CommandHelp(*command);
  for (const Topic& topic : Topics()) {
    if (topic.name == word) return topic.text();
  }
  return UnknownTopic(word);
}

CommandResult RunHelp(const Arguments& arguments, Context& context) {
  const std::string word = arguments.Text("TOPIC");
  SLIPWAY_TRY(const std::string text, TextOn(word));
  OrderedJson json;
  json["topic"] = word;
  json["text"] = text;
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Help", json, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeHelpCommand() {
  return {.name = "help",
          .group = "Tools",
          .summary = "explain a command or a topic",
          .positionals = {{.name = "TOPIC",
                           .help = "a command, or a topic of slipway help",
                           .least = 0}},
          .examples = {"slipway help import", "slipway help formats"},
          .run = RunHelp};
}

}  // namespace slipway::cli
