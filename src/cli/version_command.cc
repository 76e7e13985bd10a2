#include <fmt/format.h>

#include "base/version.h"
#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

namespace {

CommandResult RunVersion(const Arguments&, Context& context) {
  OrderedJson json;
  json["version"] = kVersion;
  json["compiler"] = __VERSION__;
  const Result<engine::Engine*> engine = context.Engine();
  json["onnxruntime"] = engine.ok() ? (*engine)->version() : "not found";
  const std::string text =
      fmt::format("slipway {}\nonnxruntime {}\n", kVersion, json["onnxruntime"].get<std::string>());
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Version", json, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeVersionCommand() {
  return {.name = "version",
          .group = "Tools",
          .summary = "print the versions of slipway and of its engine",
          .examples = {"slipway version", "slipway version --format json"},
          .run = RunVersion};
}

}  // namespace slipway::cli
