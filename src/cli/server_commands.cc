// The verbs that talk to a running server: ps, load, unload.

#include <fmt/format.h>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/context.h"
#include "cli/server_client.h"

namespace slipway::cli {

namespace {

/// What could be loaded but never was is no part of `ps` without --all.
bool IsActive(const ServedVersion& version) {
  return version.state != "UNAVAILABLE" || version.requests > 0;
}

OrderedJson ToJson(const ServedVersion& version) {
  OrderedJson json;
  json["model"] = version.name;
  json["version"] = version.version;
  json["state"] = version.state;
  json["reason"] = version.reason;
  json["requests"] = version.requests;
  json["failures"] = version.failures;
  json["mean_seconds"] = version.mean_seconds;
  json["memory_bytes"] = version.memory_bytes;
  return json;
}

CommandResult RunPs(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context));
  SLIPWAY_TRY(const std::vector<ServedVersion> versions, client.List());
  Listing listing{
      .kind = "ServedModelList",
      .columns = {"NAME", "VERSION", "STATE", "REQUESTS", "MEAN", "FAILED", "MEMORY", "REASON"},
      .wide_from = 5};
  for (const ServedVersion& version : versions) {
    if (!arguments.Switch("--all") && !IsActive(version)) continue;
    listing.rows.push_back(
        {version.name, version.version, version.state, std::to_string(version.requests),
         version.requests == 0 ? "-" : HumanSeconds(version.mean_seconds),
         std::to_string(version.failures), HumanBytes(version.memory_bytes), version.reason});
    listing.items.push_back(ToJson(version));
    listing.names.push_back(fmt::format("{}:{}", version.name, version.version));
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  if (listing.rows.empty() && context.format() == Format::kTable) {
    context.Say(fmt::format("{} serves no model; load one of its store with: slipway load NAME",
                            client.server().Authority()));
  }
  return ExitCode::kSuccess;
}

Status PrintChange(const Context& context, const std::string& reference, std::string_view state,
                   const ServerClient& client) {
  OrderedJson json;
  json["model"] = reference;
  json["state"] = state;
  json["server"] = client.server().Origin();
  return context.PrintItem(
      "ServedModel", json,
      fmt::format("{} is {} at {}\n", reference, state, client.server().Origin()), reference);
}

CommandResult RunLoad(const Arguments& arguments, Context& context) {
  const std::string text = arguments.Text("REFERENCE");
  SLIPWAY_TRY(const registry::Reference reference, registry::ParseReference(text));
  SLIPWAY_TRY(const std::string config, ReadConfigFile(arguments.Text("--config")));
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context));
  {
    Progress progress(context.style(), fmt::format("loading {}", text));
    SLIPWAY_RETURN_IF_ERROR(client.Load(reference, config));
  }
  SLIPWAY_RETURN_IF_ERROR(PrintChange(context, text, "ready", client));
  return ExitCode::kSuccess;
}

CommandResult RunUnload(const Arguments& arguments, Context& context) {
  const std::string model = arguments.Text("MODEL");
  SLIPWAY_TRY(const registry::Reference reference, registry::ParseReference(model));
  if (reference.model != model) {
    return InvalidArgument(fmt::format("unload takes a model's name, not \"{}\"", model))
        .With(errors::kUsage)
        .Hint(fmt::format("all versions: slipway unload {}    another version: slipway load {}:N",
                          reference.model, reference.model));
  }
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context));
  SLIPWAY_RETURN_IF_ERROR(client.Unload(model));
  SLIPWAY_RETURN_IF_ERROR(PrintChange(context, model, "unloaded", client));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakePsCommand() {
  return {.name = "ps",
          .group = "Server",
          .summary = "list what a running server serves",
          .description =
              "The server is the one of --host; its admin key is found in the store by itself.",
          .flags = {{.name = "--all",
                     .letter = 'a',
                     .help = "also what could be loaded",
                     .from_environment = false}},
          .examples = {"slipway ps", "slipway ps --host http://127.0.0.1:8081 --format json"},
          .run = RunPs};
}

Command MakeLoadCommand() {
  return {.name = "load",
          .group = "Server",
          .summary = "load a model of the store into a running server",
          .description =
              "Returns when the model is ready. NAME alone replaces what is loaded of the model by "
              "its newest version,\nwithout a gap; NAME:3 and NAME:alias add that version.",
          .positionals = {{.name = "REFERENCE", .help = "NAME, NAME:3 or NAME:alias"}},
          .flags = {{.name = "--config",
                     .value = "FILE.json",
                     .help = "how to batch and queue it, in the place of what its package says: "
                             "Triton's ModelConfig as JSON",
                     .from_environment = false}},
          .examples = {"slipway load mnist", "slipway load mnist:2"},
          .run = RunLoad};
}

Command MakeUnloadCommand() {
  return {.name = "unload",
          .group = "Server",
          .summary = "unload every version of a model from a running server",
          .description = "Requests in flight are answered first.",
          .positionals = {{.name = "MODEL", .help = "a model's name"}},
          .examples = {"slipway unload mnist"},
          .run = RunUnload};
}

}  // namespace slipway::cli
