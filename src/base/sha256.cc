#include "base/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/file_pieces.h"

namespace slipway {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Digest Sha256::Finish() {
  Digest digest;
  EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.bytes.data()),
                     nullptr);
  return digest;
}

std::string Digest::Hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15]);
  }
  return text;
}

Result<Digest> ParseDigest(std::string_view text) {
  std::string_view hex = text;
  if (hex.starts_with("sha256:")) hex.remove_prefix(7);
  const auto wrong = [&] {
    return InvalidArgument(
        fmt::format("\"{}\" is not a digest: expected sha256: and 64 lower-case hexadecimal digits",
                    text.substr(0, 80)));
  };
  if (hex.size() != 64) return wrong();
  Digest digest;
  for (std::size_t i = 0; i < 64; ++i) {
    const char c = hex[i];
    unsigned value;
    if (c >= '0' && c <= '9') {
      value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return wrong();
    }
    digest.bytes[i / 2] = (digest.bytes[i / 2] << 4) | std::byte{static_cast<unsigned char>(value)};
  }
  return digest;
}

Digest Sha256Of(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

Digest Sha256Of(std::string_view text) { return Sha256Of(std::as_bytes(std::span(text))); }

Result<Digest> Sha256OfFile(int descriptor) {
  Sha256 hash;
  SLIPWAY_RETURN_IF_ERROR(
      ReadInPieces(descriptor, [&](std::span<const std::byte> piece) { hash.Update(piece); }));
  return hash.Finish();
}

}  // namespace slipway
