// The verbs of a store's grants: keys, grant, revoke.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "access/grant_file.h"
#include "base/error_catalogue.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/new_password.h"
#include "cli/quota_flags.h"

namespace slipway::cli {

namespace {

constexpr std::int64_t kSecondsADay = 86'400;
constexpr std::int64_t kMostDays = 3'650;

std::string Day(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string Expiry(const access::Grant& grant) {
  if (!grant.expires_unix_seconds) return "never";
  const bool is_over = grant.IsExpired(std::time(nullptr));
  return Day(*grant.expires_unix_seconds) + (is_over ? " (expired)" : "");
}

/// What the holder shows, where that is no secret.
std::string Shown(const access::Grant& grant) {
  const auto* const certificate = std::get_if<access::CertificateName>(&grant.credential);
  return certificate == nullptr ? std::string(access::CredentialKind(grant.credential))
                                : certificate->text;
}

OrderedJson ToJson(const access::Grant& grant) {
  OrderedJson json;
  json["id"] = grant.id;
  json["name"] = grant.name;
  json["kind"] = access::CredentialKind(grant.credential);
  if (const auto* certificate = std::get_if<access::CertificateName>(&grant.credential))
    json["certificate"] = certificate->text;
  json["roles"] = OrderedJson::array();
  for (const access::Role role : grant.roles) json["roles"].push_back(access::RoleName(role));
  json["quota"] = access::Describe(grant.quota);
  json["created"] = Day(grant.created_unix_seconds);
  json["expires"] = grant.expires_unix_seconds ? OrderedJson(Day(*grant.expires_unix_seconds))
                                               : OrderedJson(nullptr);
  return json;
}

CommandResult RunKeys(const Arguments& /*arguments*/, Context& context) {
  SLIPWAY_TRY(const std::vector<access::Grant> grants, access::ReadGrants(context.store_folder()));
  Listing listing{.kind = "KeyList",
                  .columns = {"ID", "NAME", "SHOWN BY", "ROLES", "QUOTA", "CREATED", "EXPIRES"}};
  for (const access::Grant& grant : grants) {
    listing.rows.push_back({grant.id, grant.name, Shown(grant), access::RoleNames(grant.roles),
                            access::Describe(grant.quota), Day(grant.created_unix_seconds),
                            Expiry(grant)});
    listing.items.push_back(ToJson(grant));
    listing.names.push_back(grant.id);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  return ExitCode::kSuccess;
}

Result<access::GrantTerms> ReadTerms(const Arguments& arguments, std::int64_t now) {
  access::GrantTerms terms{.name = arguments.Text("NAME")};
  for (const std::string& name : arguments.List("--role"))
    terms.roles.push_back(*access::RoleNamed(name));  // the parser knows no others
  if (terms.roles.empty()) terms.roles.push_back(access::Role::kInfer);
  SLIPWAY_TRY(terms.quota, ReadQuota(arguments, "--rate", "--burst", "--in-flight"));
  if (arguments.Given("--days")) {
    SLIPWAY_TRY(const std::int64_t days, arguments.Integer("--days", 1, kMostDays));
    terms.expires_unix_seconds = now + days * kSecondsADay;
  }
  return terms;
}

CommandResult GrantCertificate(const std::string& certificate, access::GrantTerms terms,
                               std::int64_t now, Context& context) {
  SLIPWAY_TRY(const access::Grant grant,
              access::AddCertificate(context.store_folder(), std::move(terms), certificate, now));
  SLIPWAY_RETURN_IF_ERROR(
      context.PrintItem("Key", ToJson(grant),
                        fmt::format("{} for {} ({}): whoever shows {}\n", grant.id, grant.name,
                                    access::RoleNames(grant.roles), certificate),
                        grant.id));
  return ExitCode::kSuccess;
}

CommandResult GrantLogin(access::GrantTerms terms, std::int64_t now, Context& context) {
  SLIPWAY_TRY(const std::string password, ReadNewPassword(terms.name));
  SLIPWAY_TRY(const access::Grant grant,
              access::AddLogin(context.store_folder(), std::move(terms), password, now));
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Key", ToJson(grant),
                                            fmt::format("{} for the login {} ({})\n", grant.id,
                                                        grant.name, access::RoleNames(grant.roles)),
                                            grant.id));
  return ExitCode::kSuccess;
}

CommandResult GrantKey(access::GrantTerms terms, std::int64_t now, Context& context) {
  SLIPWAY_TRY(const access::NewKey made,
              access::AddKey(context.store_folder(), std::move(terms), now));
  OrderedJson json = ToJson(made.grant);
  json["key"] = made.text;
  context.Say(fmt::format("key {} for {} ({}); it is not shown again", made.grant.id,
                          made.grant.name, access::RoleNames(made.grant.roles)));
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Key", json, made.text + "\n"));
  return ExitCode::kSuccess;
}

CommandResult RunGrant(const Arguments& arguments, Context& context) {
  const std::int64_t now = std::time(nullptr);
  SLIPWAY_TRY(access::GrantTerms terms, ReadTerms(arguments, now));
  if (arguments.Switch("--password")) {
    if (!arguments.Given("--certificate")) return GrantLogin(std::move(terms), now, context);
    return InvalidArgument("--password and --certificate are two ways to show who one is: give one")
        .With(errors::kUsage);
  }
  if (arguments.Given("--certificate"))
    return GrantCertificate(arguments.Text("--certificate"), std::move(terms), now, context);
  return GrantKey(std::move(terms), now, context);
}

CommandResult RunRevoke(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const access::Grant grant,
              access::RemoveGrant(context.store_folder(), arguments.Text("KEY")));
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem(
      "Key", ToJson(grant), fmt::format("revoked {} ({})\n", grant.id, grant.name), grant.id));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeKeysCommand() {
  return {.name = "keys",
          .group = "Server",
          .summary = "list the API keys and other grants of the store",
          .description = "Who may ask, for what, how often and until when; never the keys.",
          .examples = {"slipway keys", "slipway keys --format json"},
          .run = RunKeys};
}

Command MakeGrantCommand() {
  return {
      .name = "grant",
      .group = "Server",
      .summary = "make an API key or a login for a client, or say what its certificate may do",
      .description =
          "Prints the key, once: the store keeps only its SHA-256. Running servers of the store "
          "know it at once.\nA client sends it as \"Authorization: Bearer KEY\" or "
          "\"Slipway-Key: KEY\", over gRPC as metadata of these names.\n\n"
          "With --certificate no key is made: whoever shows a certificate of that name may do what "
          "the roles say, and nothing else. The server must verify it (slipway serve "
          "--tls-client-ca). URI and DNS are names of subjectAltName, CN is the subject's.\n\n"
          "With --password NAME is a user who logs in by HTTP's Basic (curl -u). Passwords are "
          "kept hashed, by scrypt.\n\n"
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
                {.name = "--certificate",
                 .value = "NAME",
                 .help = "instead of a key: a name in the client's certificate, URI:spiffe://a/b, "
                         "DNS:till.shop.example or CN:till",
                 .from_environment = false},
                {.name = "--password",
                 .help = "instead of a key: a password, read from the terminal or the first line "
                         "of standard input, that NAME sends by HTTP's Basic",
                 .from_environment = false},
                {.name = "--rate",
                 .value = "RATE",
                 .help = "how many requests: 100/s, 600/m, 10/h (default: any number); beyond it "
                         "429 with Retry-After",
                 .from_environment = false},
                {.name = "--burst",
                 .value = "N",
                 .help = "how many of them at once (default: one second's worth)",
                 .from_environment = false},
                {.name = "--in-flight",
                 .value = "N",
                 .help = "how many requests at one time (default: any number); beyond it 429",
                 .from_environment = false},
                {.name = "--days",
                 .value = "N",
                 .help = "how long it is good for (default: until it is revoked)",
                 .from_environment = false}},
      .examples = {"slipway grant web-shop", "slipway grant prometheus --role read --days 365",
                   "slipway grant till --certificate URI:spiffe://shop/till --rate 100/s",
                   "slipway grant ann --password --role admin"},
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
