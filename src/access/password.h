#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::access {

/// A password as it is kept: "scrypt$N$R$P$SALT$HASH", by scrypt (RFC 7914) with N = 2^15, r = 8,
/// p = 3: 32 MiB and some 200 ms of a core, and as much for whoever guesses. InvalidArgument
/// (kUsage): not 8 to 256 bytes, or with a NUL or a line end in it.
Result<std::string> HashPassword(std::string_view password);

/// Whether that is what HashPassword() writes, of any bounded cost (N to 2^20, r and p to 16).
bool IsPasswordHash(std::string_view hash);

/// Takes as long whatever the password is. False, too, where there is no memory for it.
bool IsPasswordOf(std::string_view password, std::string_view hash);

/// The hash of a password that nobody has, to take as long for a user that is not known.
std::string_view NobodysPasswordHash();

}  // namespace slipway::access
