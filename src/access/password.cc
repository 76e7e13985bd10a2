#include "access/password.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::access {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kLeastPassword = 8;
constexpr std::size_t kMostPassword = 256;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;

struct Cost {
  std::uint64_t n = 1 << 15;
  std::uint64_t r = 8;
  std::uint64_t p = 3;

  bool IsBounded() const {
    return n >= 1 << 10 && n <= 1 << 20 && (n & (n - 1)) == 0 && r >= 1 && r <= 16 && p >= 1 &&
           p <= 16;
  }
};

struct Kept {
  Cost cost;
  std::string_view salt;  ///< as text, which is what is hashed
  std::string_view hash;
};

std::optional<Kept> Parse(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '$');
  if (parts.size() != 6 || parts[0] != "scrypt") return std::nullopt;
  Kept kept{.salt = parts[4], .hash = parts[5]};
  const std::array<std::uint64_t*, 3> numbers = {&kept.cost.n, &kept.cost.r, &kept.cost.p};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string_view part = parts[i + 1];
    const auto read = std::from_chars(part.data(), part.data() + part.size(), *numbers[i]);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size()) return std::nullopt;
  }
  const bool is_whole =
      kept.cost.IsBounded() && IsHex(kept.salt, 2 * kSaltBytes) && IsHex(kept.hash, 2 * kHashBytes);
  return is_whole ? std::optional(kept) : std::nullopt;
}

std::optional<std::string> Scrypt(std::string_view password, std::string_view salt,
                                  const Cost& cost) {
  std::array<unsigned char, kHashBytes> hash{};
  const auto* const salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  if (EVP_PBE_scrypt(password.data(), password.size(), salt_bytes, salt.size(), cost.n, cost.r,
                     cost.p, kMostMemory, hash.data(), hash.size()) != 1)
    return std::nullopt;
  std::string text;
  for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  const bool is_good = password.size() >= kLeastPassword && password.size() <= kMostPassword &&
                       password.find_first_of(std::string_view("\0\r\n", 3)) == password.npos;
  if (!is_good) {
    return InvalidArgument(fmt::format("a password has {} to {} bytes in one line", kLeastPassword,
                                       kMostPassword))
        .With(errors::kUsage);
  }
  SLIPWAY_TRY(const std::string salt, RandomHex(kSaltBytes));
  const Cost cost;
  const std::optional<std::string> hash = Scrypt(password, salt, cost);
  if (!hash) return ResourceExhausted("there is no memory to hash a password");
  return fmt::format("scrypt${}${}${}${}${}", cost.n, cost.r, cost.p, salt, *hash);
}

bool IsPasswordHash(std::string_view hash) { return Parse(hash).has_value(); }

bool IsPasswordOf(std::string_view password, std::string_view hash) {
  const std::optional<Kept> kept = Parse(hash);
  if (!kept) return false;
  const std::optional<std::string> own = Scrypt(password, kept->salt, kept->cost);
  return own && CRYPTO_memcmp(own->data(), kept->hash.data(), own->size()) == 0;
}

std::string_view NobodysPasswordHash() {
  return "scrypt$32768$8$3$00000000000000000000000000000000$"
         "0000000000000000000000000000000000000000000000000000000000000000";
}

}  // namespace slipway::access
