#include "access/presented.h"

#include <openssl/evp.h>

#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::access {
namespace {

constexpr std::size_t kMostLoginBytes = 512;  // in base64

/// What follows the name of a scheme; absent: it is another.
std::optional<std::string_view> AfterScheme(std::string_view text, std::string_view scheme) {
  if (text.size() <= scheme.size() || !EqualsIgnoreCase(text.substr(0, scheme.size()), scheme))
    return std::nullopt;
  return Trim(text.substr(scheme.size()));
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.empty() || text.size() > kMostLoginBytes || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int count = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
  if (count < 0 || padding > 2) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(count) - padding);
  return bytes;
}

/// RFC 7617: everything up to the first colon is the user.
std::optional<Login> LoginIn(std::string_view base64) {
  const std::optional<std::string> text = FromBase64(base64);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return Login{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

Result<Shown> ShownByAuthorization(std::string_view text) {
  if (const auto key = AfterScheme(text, "Bearer ")) return Shown(*key);
  if (const auto base64 = AfterScheme(text, "Basic ")) {
    if (std::optional<Login> login = LoginIn(*base64)) return Shown(std::move(*login));
  }
  return NotKnown("the Authorization header is neither \"Bearer KEY\" nor \"Basic\" of a login");
}

}  // namespace

Status NotKnown(std::string message) {
  return Unauthenticated(std::move(message))
      .With(errors::kKeyMissing)
      .Hint(
          "send \"Authorization: Bearer KEY\" or \"Slipway-Key: KEY\"; the server's first start "
          "wrote the admin key to admin.key in its store, and slipway grant makes others");
}

Result<Shown> ShownBy(const Presented& presented) {
  const int count = (presented.authorization != nullptr) + (presented.key != nullptr) +
                    (presented.admin_key != nullptr) + (presented.is_repeated ? 2 : 0);
  if (count > 1) return NotKnown("the request presents more than one key");
  if (presented.authorization != nullptr) return ShownByAuthorization(*presented.authorization);
  if (presented.key != nullptr) return Shown(Trim(*presented.key));
  if (presented.admin_key != nullptr) return Shown(Trim(*presented.admin_key));
  return Shown();
}

}  // namespace slipway::access
