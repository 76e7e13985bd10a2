#include "access/secret.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace slipway::access {

Result<std::string> RandomHex(std::size_t bytes) {
  std::vector<unsigned char> secret(bytes);
  if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
    return ErrnoStatus(errno, "cannot get random bytes for a key");
  std::string text;
  for (const unsigned char byte : secret) text += fmt::format("{:02x}", byte);
  OPENSSL_cleanse(secret.data(), secret.size());
  return text;
}

bool IsHex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool HasDigest(std::string_view text, const Digest& digest) {
  const Digest own = Sha256Of(text);
  return CRYPTO_memcmp(own.bytes.data(), digest.bytes.data(), own.bytes.size()) == 0;
}

}  // namespace slipway::access
