#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "base/status.h"

namespace slipway::access {

/// `bytes` random bytes of the kernel's, as lower-case hexadecimal.
Result<std::string> RandomHex(std::size_t bytes);
/// True for so many lower-case hexadecimal digits.
bool IsHex(std::string_view text, std::size_t digits);
/// Whether the text has that SHA-256. Takes the same time wherever they differ.
bool HasDigest(std::string_view text, const Digest& digest);

}  // namespace slipway::access
