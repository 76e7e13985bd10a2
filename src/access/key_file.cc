#include "access/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/json.h"

namespace slipway::access {
namespace {

constexpr std::string_view kPrefix = "slw_key_";
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTextLength = kPrefix.size() + 2 * kIdBytes + 1 + 2 * kSecretBytes;
constexpr std::size_t kMostKeys = 10'000;
constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostFileBytes = 8 << 20;

/// Held while the file is read and written anew.
class Turn {
 public:
  static Result<Turn> Wait(const std::string& store_folder) {
    SLIPWAY_RETURN_IF_ERROR(MakeDirectories(store_folder));
    const std::string path = store_folder + "/keys.lock";
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid() || flock(file.get(), LOCK_EX) != 0)
      return ErrnoStatus(errno, fmt::format("cannot lock {}", path));
    return Turn(std::move(file));
  }

 private:
  explicit Turn(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

Json ToJson(const ApiKey& key) {
  Json json{{"id", key.id},
            {"name", key.name},
            {"sha256", key.digest.Hex()},
            {"created", key.created_unix_seconds}};
  for (const Role role : key.roles) json["roles"].push_back(RoleName(role));
  if (key.expires_unix_seconds) json["expires"] = *key.expires_unix_seconds;
  return json;
}

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

std::optional<ApiKey> FromJson(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto id = TextOf(json, "id");
  const auto name = TextOf(json, "name");
  const auto digest = ParseDigest(TextOf(json, "sha256").value_or(""));
  auto roles = RolesOf(json);
  if (!id || !IsHex(*id, 2 * kIdBytes) || !name || !digest.ok() || !roles) return std::nullopt;
  ApiKey key{.id = *id, .name = *name, .roles = std::move(*roles), .digest = *digest};
  if (const Json* created = Find(json, "created"); created && created->is_number_integer())
    key.created_unix_seconds = created->get<std::int64_t>();
  if (const Json* expires = Find(json, "expires")) {
    if (!expires->is_number_integer()) return std::nullopt;
    key.expires_unix_seconds = expires->get<std::int64_t>();
  }
  return key;
}

Status Damaged(const std::string& path, std::string_view what) {
  return DataLoss(fmt::format("the file of API keys is damaged: {}", what))
      .At(path)
      .Hint("restore it from a backup, or remove it and make new keys with slipway grant");
}

Result<std::vector<ApiKey>> ParseKeys(const std::string& text, const std::string& path) {
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return Damaged(path, json.status().message());
  const Json* const rows = json->is_object() ? Find(*json, "keys") : nullptr;
  if (rows == nullptr || !rows->is_array()) return Damaged(path, "it has no list of keys");
  std::vector<ApiKey> keys;
  for (const Json& row : *rows) {
    std::optional<ApiKey> key = FromJson(row);
    if (!key) return Damaged(path, fmt::format("key {} is not one", keys.size()));
    keys.push_back(std::move(*key));
  }
  return keys;
}

Status WriteKeys(const std::string& store_folder, std::span<const ApiKey> keys) {
  Json json{{"keys", Json::array()}};
  for (const ApiKey& key : keys) json["keys"].push_back(ToJson(key));
  return WriteFileAtomically(KeyFilePath(store_folder), DumpJson(json, 1) + "\n", 0600);
}

Status CheckName(std::string_view name) {
  const bool is_good = !name.empty() && name.size() <= kMostNameBytes &&
                       std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  if (is_good) return {};
  return InvalidArgument(fmt::format("a key's name has 1 to {} printable characters without spaces",
                                     kMostNameBytes))
      .With(errors::kUsage);
}

Result<NewApiKey> MakeKey(std::string_view name, std::vector<Role> roles) {
  SLIPWAY_TRY(std::string id, RandomHex(kIdBytes));
  SLIPWAY_TRY(const std::string secret, RandomHex(kSecretBytes));
  NewApiKey made{
      .key = {.id = std::move(id), .name = std::string(name), .roles = std::move(roles)}};
  made.text = fmt::format("{}{}_{}", kPrefix, made.key.id, secret);
  made.key.digest = Sha256Of(made.text);
  return made;
}

}  // namespace

std::string_view ApiKeyId(std::string_view text) {
  if (text.size() != kTextLength || !text.starts_with(kPrefix)) return {};
  text.remove_prefix(kPrefix.size());
  const std::string_view id = text.substr(0, 2 * kIdBytes);
  const bool is_key = IsHex(id, 2 * kIdBytes) && text[id.size()] == '_' &&
                      IsHex(text.substr(id.size() + 1), 2 * kSecretBytes);
  return is_key ? id : std::string_view();
}

std::string KeyFilePath(const std::string& store_folder) { return store_folder + "/keys.json"; }

Result<std::vector<ApiKey>> ReadApiKeys(const std::string& store_folder) {
  const std::string path = KeyFilePath(store_folder);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<ApiKey>();
  SLIPWAY_TRY(const std::string text, ReadFile(path, kMostFileBytes));
  return ParseKeys(text, path);
}

Result<NewApiKey> AddApiKey(const std::string& store_folder, std::string_view name,
                            std::vector<Role> roles, std::int64_t now_unix_seconds,
                            std::optional<std::int64_t> expires_unix_seconds) {
  SLIPWAY_RETURN_IF_ERROR(CheckName(name));
  if (roles.empty()) return InvalidArgument("a key needs a role").With(errors::kUsage);
  SLIPWAY_TRY(const Turn turn, Turn::Wait(store_folder));
  SLIPWAY_TRY(std::vector<ApiKey> keys, ReadApiKeys(store_folder));
  if (keys.size() >= kMostKeys) {
    return ResourceExhausted(fmt::format("the store has {} keys already", keys.size()))
        .Hint("forget those that nobody uses: slipway revoke ID");
  }
  SLIPWAY_TRY(NewApiKey made, MakeKey(name, std::move(roles)));
  made.key.created_unix_seconds = now_unix_seconds;
  made.key.expires_unix_seconds = expires_unix_seconds;
  keys.push_back(made.key);
  SLIPWAY_RETURN_IF_ERROR(WriteKeys(store_folder, keys));
  return made;
}

Result<ApiKey> RemoveApiKey(const std::string& store_folder, std::string_view id_or_name) {
  SLIPWAY_TRY(const Turn turn, Turn::Wait(store_folder));
  SLIPWAY_TRY(std::vector<ApiKey> keys, ReadApiKeys(store_folder));
  const auto is_meant = [id_or_name](const ApiKey& key) {
    return key.id == id_or_name || key.name == id_or_name;
  };
  const auto found = std::ranges::find_if(keys, is_meant);
  if (found == keys.end()) {
    return NotFound(fmt::format("no key has the id or the name \"{}\"", id_or_name))
        .Hint("the keys: slipway keys");
  }
  if (std::ranges::count_if(keys, is_meant) > 1) {
    return InvalidArgument(fmt::format("several keys have the name \"{}\"", id_or_name))
        .With(errors::kUsage)
        .Hint("say the id of the one that is meant: slipway keys");
  }
  ApiKey removed = std::move(*found);
  keys.erase(found);
  SLIPWAY_RETURN_IF_ERROR(WriteKeys(store_folder, keys));
  return removed;
}

}  // namespace slipway::access
