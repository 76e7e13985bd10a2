#include <fmt/format.h>

#include "base/error_catalogue.h"
#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

namespace {

CommandResult RunExplainError(const Arguments& arguments, Context& context) {
  const std::string word = arguments.Text("CODE");
  const auto number = ParseErrorName(word);
  if (!number) {
    return NotFound(fmt::format("no error \"{}\"", word))
        .Hint("they are listed by: slipway help errors");
  }
  const ErrorEntry& entry = *FindError(*number);
  OrderedJson json;
  json["code"] = ErrorName(*number);
  json["title"] = entry.title;
  json["explanation"] = entry.explanation;
  std::string text =
      fmt::format("{}: {}\n\n{}\n", ErrorName(*number), entry.title, entry.explanation);
  if (entry.http_status != 0) {
    json["http_status"] = entry.http_status;
    text += fmt::format("\nOver HTTP: status {}.\n", entry.http_status);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Error", json, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeExplainErrorCommand() {
  return {.name = "explain-error",
          .group = "Tools",
          .summary = "say what an error means and what to do",
          .positionals = {{.name = "CODE", .help = "SLIPWAY-E2104, E2104 or 2104"}},
          .examples = {"slipway explain-error SLIPWAY-E2104"},
          .run = RunExplainError};
}

}  // namespace slipway::cli
