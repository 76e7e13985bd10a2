#include "access/grant_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "access/grant_json.h"
#include "access/password.h"
#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"

namespace slipway::access {
namespace {

constexpr std::string_view kPrefix = "slw_key_";
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTextLength = kPrefix.size() + 2 * kIdBytes + 1 + 2 * kSecretBytes;
constexpr std::size_t kMostGrants = 10'000;
constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostCertificateNameBytes = 256;
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

Status Damaged(const std::string& path, std::string_view what) {
  return DataLoss(fmt::format("the file of API keys is damaged: {}", what))
      .At(path)
      .Hint("restore it from a backup, or remove it and make new keys with slipway grant");
}

Status WriteGrants(const std::string& store_folder, std::span<const Grant> grants) {
  return WriteFileAtomically(GrantFilePath(store_folder), EncodeGrants(grants), 0600);
}

bool IsPrintable(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Status CheckTerms(const GrantTerms& terms) {
  if (terms.roles.empty()) return InvalidArgument("a grant needs a role").With(errors::kUsage);
  if (IsPrintable(terms.name, kMostNameBytes)) return {};
  return InvalidArgument(
             fmt::format("a name has 1 to {} printable characters without spaces", kMostNameBytes))
      .With(errors::kUsage);
}

Status CheckCertificateName(std::string_view name) {
  constexpr std::array<std::string_view, 3> kKinds = {"URI:", "DNS:", "CN:"};
  const auto* const kind = std::ranges::find_if(
      kKinds, [name](std::string_view prefix) { return name.starts_with(prefix); });
  if (kind != kKinds.end() && IsPrintable(name.substr(kind->size()), kMostCertificateNameBytes))
    return {};
  return InvalidArgument(fmt::format("\"{}\" is not a name in a certificate", Printable(name, 64)))
      .With(errors::kUsage)
      .Hint("write URI:spiffe://shop/till, DNS:till.shop.example or CN:till");
}

/// `has_it`: whether a grant has what must be had once.
template <class HasIt>
Status CheckIsNew(std::span<const Grant> grants, const HasIt& has_it) {
  const auto other = std::ranges::find_if(grants, has_it);
  if (other == grants.end()) return {};
  return AlreadyExists(fmt::format("\"{}\" has that {} already", other->name,
                                   CredentialKind(other->credential)))
      .Hint(fmt::format("take it back first: slipway revoke {}", other->id));
}

/// `credential` gets the grant's id and returns a Result<Credential>.
template <class Make>
Result<Grant> Add(const std::string& store_folder, GrantTerms terms, std::int64_t now,
                  const Make& credential) {
  SLIPWAY_RETURN_IF_ERROR(CheckTerms(terms));
  SLIPWAY_TRY(const Turn turn, Turn::Wait(store_folder));
  SLIPWAY_TRY(std::vector<Grant> grants, ReadGrants(store_folder));
  if (grants.size() >= kMostGrants) {
    return ResourceExhausted(fmt::format("the store has {} keys already", grants.size()))
        .Hint("forget those that nobody uses: slipway revoke ID");
  }
  SLIPWAY_TRY(std::string id, RandomHex(kIdBytes));
  SLIPWAY_TRY(Credential made, credential(id, grants));
  grants.push_back({.id = std::move(id),
                    .name = std::move(terms.name),
                    .roles = std::move(terms.roles),
                    .quota = terms.quota,
                    .credential = std::move(made),
                    .created_unix_seconds = now,
                    .expires_unix_seconds = terms.expires_unix_seconds});
  SLIPWAY_RETURN_IF_ERROR(WriteGrants(store_folder, grants));
  return std::move(grants.back());
}

}  // namespace

std::string_view KeyId(std::string_view text) {
  if (text.size() != kTextLength || !text.starts_with(kPrefix)) return {};
  text.remove_prefix(kPrefix.size());
  const std::string_view id = text.substr(0, 2 * kIdBytes);
  const bool is_key = IsHex(id, 2 * kIdBytes) && text[id.size()] == '_' &&
                      IsHex(text.substr(id.size() + 1), 2 * kSecretBytes);
  return is_key ? id : std::string_view();
}

std::string GrantFilePath(const std::string& store_folder) { return store_folder + "/keys.json"; }

Result<std::vector<Grant>> ReadGrants(const std::string& store_folder) {
  const std::string path = GrantFilePath(store_folder);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<Grant>();
  SLIPWAY_TRY(const std::string text, ReadFile(path, kMostFileBytes));
  Result<std::vector<Grant>> grants = DecodeGrants(text);
  if (!grants.ok()) return Damaged(path, grants.status().message());
  return grants;
}

Result<NewKey> AddKey(const std::string& store_folder, GrantTerms terms,
                      std::int64_t now_unix_seconds) {
  SLIPWAY_TRY(const std::string secret, RandomHex(kSecretBytes));
  std::string text;
  const auto credential = [&](std::string_view id, std::span<const Grant>) -> Result<Credential> {
    text = fmt::format("{}{}_{}", kPrefix, id, secret);
    return Credential(Sha256Of(text));
  };
  SLIPWAY_TRY(Grant grant, Add(store_folder, std::move(terms), now_unix_seconds, credential));
  return NewKey{.grant = std::move(grant), .text = std::move(text)};
}

Result<Grant> AddCertificate(const std::string& store_folder, GrantTerms terms,
                             std::string_view certificate, std::int64_t now_unix_seconds) {
  SLIPWAY_RETURN_IF_ERROR(CheckCertificateName(certificate));
  const auto credential = [&](std::string_view,
                              std::span<const Grant> grants) -> Result<Credential> {
    SLIPWAY_RETURN_IF_ERROR(CheckIsNew(grants, [certificate](const Grant& grant) {
      const auto* const other = std::get_if<CertificateName>(&grant.credential);
      return other != nullptr && other->text == certificate;
    }));
    return Credential(CertificateName{std::string(certificate)});
  };
  return Add(store_folder, std::move(terms), now_unix_seconds, credential);
}

Result<Grant> AddLogin(const std::string& store_folder, GrantTerms terms, std::string_view password,
                       std::int64_t now_unix_seconds) {
  if (terms.name.find(':') != std::string::npos)
    return InvalidArgument("a login's name has no colon").With(errors::kUsage);
  SLIPWAY_TRY(const std::string hash, HashPassword(password));
  const auto credential = [&hash, name = terms.name](
                              std::string_view,
                              std::span<const Grant> grants) -> Result<Credential> {
    SLIPWAY_RETURN_IF_ERROR(CheckIsNew(grants, [&name](const Grant& grant) {
      return std::holds_alternative<PasswordHash>(grant.credential) && grant.name == name;
    }));
    return Credential(PasswordHash{hash});
  };
  return Add(store_folder, std::move(terms), now_unix_seconds, credential);
}

Result<Grant> RemoveGrant(const std::string& store_folder, std::string_view id_or_name) {
  SLIPWAY_TRY(const Turn turn, Turn::Wait(store_folder));
  SLIPWAY_TRY(std::vector<Grant> grants, ReadGrants(store_folder));
  const auto is_meant = [id_or_name](const Grant& grant) {
    return grant.id == id_or_name || grant.name == id_or_name;
  };
  const auto found = std::ranges::find_if(grants, is_meant);
  if (found == grants.end()) {
    return NotFound(fmt::format("no key has the id or the name \"{}\"", id_or_name))
        .Hint("the grants: slipway keys");
  }
  if (std::ranges::count_if(grants, is_meant) > 1) {
    return InvalidArgument(fmt::format("several grants have the name \"{}\"", id_or_name))
        .With(errors::kUsage)
        .Hint("say the id of the one that is meant: slipway keys");
  }
  Grant removed = std::move(*found);
  grants.erase(found);
  SLIPWAY_RETURN_IF_ERROR(WriteGrants(store_folder, grants));
  return removed;
}

}  // namespace slipway::access
