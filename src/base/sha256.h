#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

/// A SHA-256 digest: 32 bytes, never a path and never a string that came from outside.
struct Digest {
  std::array<std::byte, 32> bytes{};

  /// 64 lower-case hexadecimal digits.
  std::string Hex() const;
  /// "sha256:" and Hex(), as OCI writes it.
  std::string ToString() const { return "sha256:" + Hex(); }
  auto operator<=>(const Digest&) const = default;
};

/// Accepts exactly "sha256:" + 64 lower-case digits, or the 64 digits alone. InvalidArgument
/// otherwise.
Result<Digest> ParseDigest(std::string_view text);

/// Hashes bytes as they come. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::span<const std::byte> bytes);
  void Update(std::string_view text) { Update(std::as_bytes(std::span(text))); }
  /// Ends the hash; the object is spent.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest Sha256Of(std::span<const std::byte> bytes);
Digest Sha256Of(std::string_view text);

/// The digest of a file's content from its beginning, read in pieces; the descriptor's position
/// does not move.
Result<Digest> Sha256OfFile(int descriptor);

}  // namespace slipway
