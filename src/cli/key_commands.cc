// The verbs of a store's API keys: keys, grant, revoke.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "access/key_file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

namespace {

constexpr std::int64_t kSecondsADay = 86'400;
constexpr std::int64_t kMostDays = 3'650;

std::string Day(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string Expiry(const access::ApiKey& key) {
  if (!key.expires_unix_seconds) return "never";
  const bool is_over = key.IsExpired(std::time(nullptr));
  return Day(*key.expires_unix_seconds) + (is_over ? " (expired)" : "");
}

OrderedJson ToJson(const access::ApiKey& key) {
  OrderedJson json;
  json["id"] = key.id;
  json["name"] = key.name;
  json["roles"] = OrderedJson::array();
  for (const access::Role role : key.roles) json["roles"].push_back(access::RoleName(role));
  json["created"] = Day(key.created_unix_seconds);
  json["expires"] =
      key.expires_unix_seconds ? OrderedJson(Day(*key.expires_unix_seconds)) : OrderedJson(nullptr);
  return json;
}

CommandResult RunKeys(const Arguments& /*arguments*/, Context& context) {
  SLIPWAY_TRY(const std::vector<access::ApiKey> keys, access::ReadApiKeys(context.store_folder()));
  Listing listing{.kind = "KeyList", .columns = {"ID", "NAME", "ROLES", "CREATED", "EXPIRES"}};
  for (const access::ApiKey& key : keys) {
    listing.rows.push_back({key.id, key.name, access::RoleNames(key.roles),
                            Day(key.created_unix_seconds), Expiry(key)});
    listing.items.push_back(ToJson(key));
    listing.names.push_back(key.id);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  return ExitCode::kSuccess;
}

CommandResult RunGrant(const Arguments& arguments, Context& context) {
  std::vector<access::Role> roles;
  for (const std::string& name : arguments.List("--role"))
    roles.push_back(*access::RoleNamed(name));  // the parser knows no others
  if (roles.empty()) roles.push_back(access::Role::kInfer);
  const std::int64_t now = std::time(nullptr);
  std::optional<std::int64_t> expires;
  if (arguments.Given("--days")) {
    SLIPWAY_TRY(const std::int64_t days, arguments.Integer("--days", 1, kMostDays));
    expires = now + days * kSecondsADay;
  }
  SLIPWAY_TRY(const access::NewApiKey made,
              access::AddApiKey(context.store_folder(), arguments.Text("NAME"), std::move(roles),
                                now, expires));
  OrderedJson json = ToJson(made.key);
  json["key"] = made.text;
  context.Say(fmt::format("key {} for {} ({}); it is not shown again", made.key.id, made.key.name,
                          access::RoleNames(made.key.roles)));
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Key", json, made.text + "\n"));
  return ExitCode::kSuccess;
}

CommandResult RunRevoke(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const access::ApiKey key,
              access::RemoveApiKey(context.store_folder(), arguments.Text("KEY")));
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem(
      "Key", ToJson(key), fmt::format("revoked {} ({})\n", key.id, key.name), key.id));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeKeysCommand() {
  return {.name = "keys",
          .group = "Server",
          .summary = "list the API keys of the store",
          .description = "Whom they were given to, for what and until when; never the keys.",
          .examples = {"slipway keys", "slipway keys --format json"},
          .run = RunKeys};
}

Command MakeGrantCommand() {
  return {
      .name = "grant",
      .group = "Server",
      .summary = "make an API key for a client",
      .description =
          "Prints the key, once: the store keeps only its SHA-256. Running servers of the store "
          "know it at once.\nA client sends it as \"Authorization: Bearer KEY\" or "
          "\"Slipway-Key: KEY\", over gRPC as metadata of these names.\n\n"
          "  infer   run models, and read what is needed for that\n"
          "  read    metadata, statistics, metrics, configuration\n"
          "  admin   everything",
      .positionals = {{.name = "NAME", .help = "who gets it, for people and logs"}},
      .flags = {{.name = "--role",
                 .value = "ROLE",
                 .help = "what it is for; may be given several times (default infer)",
                 .repeatable = true,
                 .choices = {"infer", "read", "admin"},
                 .from_environment = false},
                {.name = "--days",
                 .value = "N",
                 .help = "how long it is good for (default: until it is revoked)",
                 .from_environment = false}},
      .examples = {"slipway grant web-shop", "slipway grant prometheus --role read --days 365"},
      .run = RunGrant};
}

Command MakeRevokeCommand() {
  return {
      .name = "revoke",
      .group = "Server",
      .summary = "take an API key back",
      .description = "Running servers of the store refuse it within a second.",
      .positionals = {{.name = "KEY", .help = "its id, or its holder's name if that is unique"}},
      .examples = {"slipway revoke 3f2a9c01", "slipway revoke web-shop"},
      .run = RunRevoke};
}

}  // namespace slipway::cli
