#include "base/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <span>

#include "base/file_pieces.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace slipway {
namespace {

constexpr std::size_t kDigits = 16;  // of each half

Checksum ToChecksum(const XXH128_hash_t& hash) { return {.high = hash.high64, .low = hash.low64}; }

bool IsDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::uint64_t HalfOf(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace

std::string Checksum::Hex() const { return fmt::format("{:016x}{:016x}", high, low); }

Result<Checksum> ParseChecksum(std::string_view text) {
  if (text.size() != 2 * kDigits || !std::ranges::all_of(text, IsDigit))
    return InvalidArgument("a checksum is 32 lower-case hexadecimal digits");
  return Checksum{.high = HalfOf(text.substr(0, kDigits)), .low = HalfOf(text.substr(kDigits))};
}

Checksum ChecksumOf(std::string_view text) {
  return ToChecksum(XXH3_128bits(text.data(), text.size()));
}

Result<Checksum> ChecksumOfFile(int descriptor) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  if (state == nullptr) return ResourceExhausted("no memory to sum up a file");
  XXH3_128bits_reset(state.get());
  SLIPWAY_RETURN_IF_ERROR(ReadInPieces(descriptor, [&](std::span<const std::byte> piece) {
    XXH3_128bits_update(state.get(), piece.data(), piece.size());
  }));
  return ToChecksum(XXH3_128bits_digest(state.get()));
}

}  // namespace slipway
