#include "access/grant_json.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <utility>

#include "access/password.h"
#include "access/secret.h"
#include "base/json.h"

namespace slipway::access {
namespace {

constexpr std::size_t kIdDigits = 8;

// Writing.

Json ToJson(const Quota& quota) {
  Json json = Json::object();
  if (quota.rate.IsOn())
    json = {{"per_second", quota.rate.per_second}, {"burst", quota.rate.burst}};
  if (quota.in_flight > 0) json["in_flight"] = quota.in_flight;
  return json;
}

void Write(const Digest& digest, Json& json) { json["sha256"] = digest.Hex(); }
void Write(const CertificateName& name, Json& json) { json["certificate"] = name.text; }
void Write(const PasswordHash& hash, Json& json) { json["password"] = hash.text; }

Json ToJson(const Grant& grant) {
  Json json{{"id", grant.id}, {"name", grant.name}, {"created", grant.created_unix_seconds}};
  std::visit([&json](const auto& credential) { Write(credential, json); }, grant.credential);
  for (const Role role : grant.roles) json["roles"].push_back(RoleName(role));
  if (grant.expires_unix_seconds) json["expires"] = *grant.expires_unix_seconds;
  if (grant.quota.IsOn()) json["quota"] = ToJson(grant.quota);
  return json;
}

// Reading: nothing, where it is not what was written.

const Json* Find(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

std::optional<std::string> TextOf(const Json& json, const char* name) {
  const Json* const value = Find(json, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::vector<Role>> RolesOf(const Json& json) {
  const Json* const names = Find(json, "roles");
  if (names == nullptr || !names->is_array() || names->empty()) return std::nullopt;
  std::vector<Role> roles;
  for (const Json& name : *names) {
    const auto role = name.is_string() ? RoleNamed(name.get<std::string>()) : std::nullopt;
    if (!role) return std::nullopt;
    roles.push_back(*role);
  }
  return roles;
}

std::optional<Credential> CredentialOf(const Json& json) {
  const auto sha256 = TextOf(json, "sha256");
  const auto certificate = TextOf(json, "certificate");
  const auto password = TextOf(json, "password");
  if (sha256.has_value() + certificate.has_value() + password.has_value() != 1) return std::nullopt;
  if (certificate) return CertificateName{*certificate};
  if (password)
    return IsPasswordHash(*password) ? std::optional<Credential>(PasswordHash{*password})
                                     : std::nullopt;
  const Result<Digest> digest = ParseDigest(*sha256);
  if (!digest.ok()) return std::nullopt;
  return *digest;
}

std::optional<Quota> QuotaOf(const Json& json) {
  Quota quota;
  const Json* const fields = Find(json, "quota");
  if (fields == nullptr) return quota;
  if (!fields->is_object()) return std::nullopt;
  const Json* const rate = Find(*fields, "per_second");
  const Json* const burst = Find(*fields, "burst");
  if ((rate == nullptr) != (burst == nullptr)) return std::nullopt;
  if (rate != nullptr) {
    if (!rate->is_number() || !burst->is_number()) return std::nullopt;
    quota.rate = {.per_second = rate->get<double>(), .burst = burst->get<double>()};
    if (!IsPossible(quota.rate)) return std::nullopt;
  }
  const Json* const in_flight = Find(*fields, "in_flight");
  if (in_flight == nullptr) return quota;
  if (!in_flight->is_number_unsigned()) return std::nullopt;
  const auto count = in_flight->get<std::uint64_t>();
  if (count == 0 || count > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  quota.in_flight = static_cast<std::uint32_t>(count);
  return quota;
}

std::optional<Grant> FromJson(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto id = TextOf(json, "id");
  const auto name = TextOf(json, "name");
  auto credential = CredentialOf(json);
  auto roles = RolesOf(json);
  const auto quota = QuotaOf(json);
  if (!id || !IsHex(*id, kIdDigits) || !name || !credential || !roles || !quota)
    return std::nullopt;
  Grant grant{.id = *id,
              .name = *name,
              .roles = std::move(*roles),
              .quota = *quota,
              .credential = std::move(*credential)};
  if (const Json* created = Find(json, "created"); created && created->is_number_integer())
    grant.created_unix_seconds = created->get<std::int64_t>();
  if (const Json* expires = Find(json, "expires")) {
    if (!expires->is_number_integer()) return std::nullopt;
    grant.expires_unix_seconds = expires->get<std::int64_t>();
  }
  return grant;
}

}  // namespace

std::string EncodeGrants(std::span<const Grant> grants) {
  Json json{{"keys", Json::array()}};
  for (const Grant& grant : grants) json["keys"].push_back(ToJson(grant));
  return DumpJson(json, 1) + "\n";
}

Result<std::vector<Grant>> DecodeGrants(std::string_view text) {
  SLIPWAY_TRY(const Json json, ParseJson(text));
  const Json* const rows = json.is_object() ? Find(json, "keys") : nullptr;
  if (rows == nullptr || !rows->is_array()) return InvalidArgument("it has no list of keys");
  std::vector<Grant> grants;
  for (const Json& row : *rows) {
    std::optional<Grant> grant = FromJson(row);
    if (!grant) return InvalidArgument(fmt::format("key {} is not one", grants.size()));
    grants.push_back(std::move(*grant));
  }
  return grants;
}

}  // namespace slipway::access
