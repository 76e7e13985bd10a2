// The verbs of the store that print or change the catalogue: ls, show, history, tag, rm, gc.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/describe.h"

namespace slipway::cli {

namespace {

std::string Rfc3339(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string Age(std::int64_t unix_seconds) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::int64_t seconds = std::max<std::int64_t>(0, now - unix_seconds);
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 172800) return fmt::format("{} h ago", seconds / 3600);
  return fmt::format("{} days ago", seconds / 86400);
}

OrderedJson ToJson(const registry::ModelVersion& version) {
  OrderedJson json;
  json["model"] = version.model;
  json["version"] = version.version;
  json["digest"] = version.package.ToString();
  json["bytes"] = version.total_bytes;
  json["created"] = Rfc3339(version.created_unix_seconds);
  json["aliases"] = version.aliases;
  return json;
}

Listing ListVersions(const std::vector<registry::ModelVersion>& versions) {
  Listing listing{.kind = "ModelList",
                  .columns = {"NAME", "VERSION", "DIGEST", "SIZE", "ALIASES", "CREATED"}};
  for (const registry::ModelVersion& version : versions) {
    listing.rows.push_back({version.model, std::to_string(version.version),
                            version.package.Hex().substr(0, 12), HumanBytes(version.total_bytes),
                            fmt::format("{}", fmt::join(version.aliases, ",")),
                            Age(version.created_unix_seconds)});
    listing.items.push_back(ToJson(version));
    listing.names.push_back(fmt::format("{}:{}", version.model, version.version));
  }
  return listing;
}

CommandResult RunLs(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  const std::string model = arguments.Text("MODEL");
  Result<std::vector<registry::ModelVersion>> versions =
      model.empty() ? registry->List() : registry->ListVersions(model);
  if (!versions.ok()) return std::move(versions).status();
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(ListVersions(*versions)));
  if (versions->empty() && context.format() == Format::kTable) {
    context.Say(fmt::format("the store {} is empty; fill it with: slipway push MODEL_FILE",
                            context.store_folder()));
  }
  return ExitCode::kSuccess;
}

/// The version that a REFERENCE argument names.
Result<registry::ModelVersion> ResolveArgument(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const registry::Reference reference,
              registry::ParseReference(arguments.Text("REFERENCE")));
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  return registry->Resolve(reference);
}

CommandResult RunShow(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const registry::ModelVersion version, ResolveArgument(arguments, context));
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(const package::Package package, registry->Open(version));
  OrderedJson json = ToJson(version);
  json["manifest"] = OrderedJson::parse(package::EncodeManifest(package.manifest));
  std::string text =
      fmt::format("{}:{}\n  digest    {}\n  size      {}\n  created   {}\n", version.model,
                  version.version, version.package.ToString(), HumanBytes(version.total_bytes),
                  Rfc3339(version.created_unix_seconds));
  if (!version.aliases.empty())
    text += fmt::format("  aliases   {}\n", fmt::join(version.aliases, ", "));
  text += DescribeManifest(package.manifest);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("ModelVersion", json, text,
                                            fmt::format("{}:{}", version.model, version.version)));
  return ExitCode::kSuccess;
}

CommandResult RunHistory(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(const std::vector<registry::Event> events,
              registry->History(arguments.Text("MODEL")));
  Listing listing{.kind = "EventList", .columns = {"WHEN", "WHAT", "DETAIL"}};
  for (const registry::Event& event : events) {
    listing.rows.push_back({Rfc3339(event.unix_seconds), event.what, event.detail});
    OrderedJson json;
    json["time"] = Rfc3339(event.unix_seconds);
    json["model"] = event.model;
    json["what"] = event.what;
    json["detail"] = event.detail;
    listing.items.push_back(std::move(json));
    listing.names.push_back(event.what);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  return ExitCode::kSuccess;
}

CommandResult RunTag(const Arguments& arguments, Context& context) {
  const std::string alias = arguments.Text("ALIAS");
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(const registry::ModelVersion version, ResolveArgument(arguments, context));
  const bool remove = arguments.Switch("--remove");
  SLIPWAY_RETURN_IF_ERROR(remove ? registry->RemoveAlias(version.model, alias)
                                 : registry->SetAlias(version.model, alias, version.version));
  OrderedJson json;
  json["model"] = version.model;
  json["alias"] = alias;
  json["version"] = remove ? OrderedJson() : OrderedJson(version.version);
  const std::string name = fmt::format("{}:{}", version.model, alias);
  const std::string text = remove ? fmt::format("{} is gone\n", name)
                                  : fmt::format("{} is version {}\n", name, version.version);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Alias", json, text, name));
  return ExitCode::kSuccess;
}

Status AllIsMissing(const registry::ModelVersion& newest) {
  return InvalidArgument(fmt::format("\"{}\" names every version of the model", newest.model))
      .With(errors::kUsage)
      .Hint(fmt::format("one version: slipway rm {}:{}    all of them: slipway rm {} --all",
                        newest.model, newest.version, newest.model));
}

CommandResult RunRm(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const registry::Reference reference,
              registry::ParseReference(arguments.Text("REFERENCE")));
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(const registry::ModelVersion version, registry->Resolve(reference));
  const bool whole_model = !reference.version && reference.alias.empty() && !reference.package;
  if (whole_model && !arguments.Switch("--all")) return AllIsMissing(version);
  const std::string name =
      whole_model ? version.model : fmt::format("{}:{}", version.model, version.version);
  const bool dry_run = arguments.Switch("--dry-run");
  if (!dry_run) {
    SLIPWAY_RETURN_IF_ERROR(registry->Remove(
        version.model, whole_model ? std::nullopt : std::optional(version.version)));
  }
  OrderedJson json;
  json["model"] = version.model;
  json["version"] = whole_model ? OrderedJson() : OrderedJson(version.version);
  json["dry_run"] = dry_run;
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem(
      "Removal", json, fmt::format("{} {}\n", dry_run ? "would remove" : "removed", name), name));
  if (!dry_run) context.Say("the disk space comes back with: slipway gc");
  return ExitCode::kSuccess;
}

CommandResult RunGc(const Arguments& arguments, Context& context) {
  constexpr std::int64_t kYear = 366 * 86400;
  SLIPWAY_TRY(const std::int64_t age, arguments.Integer("--minimum-age", 0, kYear));
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  const bool dry_run = arguments.Switch("--dry-run");
  SLIPWAY_TRY(const registry::GarbageReport report, registry->CollectGarbage(age, dry_run));
  OrderedJson json;
  json["removed_blobs"] = report.blobs_removed;
  json["removed_bytes"] = report.bytes_removed;
  json["kept_blobs"] = report.blobs_kept;
  json["dry_run"] = dry_run;
  const std::string text =
      fmt::format("{} {} files, {}; {} files stay\n", dry_run ? "would remove" : "removed",
                  report.blobs_removed, HumanBytes(report.bytes_removed), report.blobs_kept);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("GarbageReport", json, text));
  return ExitCode::kSuccess;
}

const Positional kReference{
    .name = "REFERENCE",
    .help = "NAME (its newest version), NAME:3, NAME:alias or NAME@sha256:..."};

}  // namespace

Command MakeLsCommand() {
  return {.name = "ls",
          .group = "Store",
          .summary = "list the models of the store",
          .positionals = {{.name = "MODEL", .help = "only the versions of this model", .least = 0}},
          .examples = {"slipway ls", "slipway ls mnist --format json"},
          .run = RunLs,
          .aliases = {"list"}};
}

Command MakeShowCommand() {
  return {.name = "show",
          .group = "Store",
          .summary = "show one version: signature, lineage, digests",
          .positionals = {kReference},
          .examples = {"slipway show mnist", "slipway show mnist:2 --format json"},
          .run = RunShow};
}

Command MakeHistoryCommand() {
  return {.name = "history",
          .group = "Store",
          .summary = "what happened to a model, oldest first",
          .positionals = {{.name = "MODEL", .help = "a model's name"}},
          .examples = {"slipway history mnist"},
          .run = RunHistory};
}

Command MakeTagCommand() {
  return {.name = "tag",
          .group = "Store",
          .summary = "point an alias at a version",
          .positionals = {kReference, {.name = "ALIAS", .help = "a word such as prod or canary"}},
          .flags = {{.name = "--remove",
                     .help = "take the alias away instead",
                     .from_environment = false}},
          .examples = {"slipway tag mnist:2 prod", "slipway tag mnist prod --remove"},
          .run = RunTag};
}

Command MakeRmCommand() {
  return {
      .name = "rm",
      .group = "Store",
      .summary = "remove a version, or a whole model",
      .positionals = {kReference},
      .flags = {{.name = "--all", .help = "every version of the model", .from_environment = false},
                {.name = "--dry-run",
                 .help = "say what would be removed",
                 .from_environment = false}},
      .examples = {"slipway rm mnist:1", "slipway rm mnist --all"},
      .run = RunRm,
      .aliases = {"remove"}};
}

Command MakeGcCommand() {
  return {.name = "gc",
          .group = "Store",
          .summary = "remove files that no version needs any more",
          .flags = {{.name = "--minimum-age",
                     .value = "SECONDS",
                     .help = "younger files stay: somebody may be publishing them",
                     .default_value = "3600"},
                    {.name = "--dry-run", .help = "only count", .from_environment = false}},
          .examples = {"slipway gc --dry-run", "slipway gc --minimum-age 0"},
          .run = RunGc};
}

}  // namespace slipway::cli
