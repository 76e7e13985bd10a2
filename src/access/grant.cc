#include "access/grant.h"

#include <algorithm>
#include <array>

namespace slipway::access {

std::string_view CredentialKind(const Credential& credential) {
  constexpr std::array<std::string_view, std::variant_size_v<Credential>> kKinds = {
      "key", "certificate", "login"};
  return kKinds[credential.index()];
}

bool Grant::Allows(Right right) const {
  return std::ranges::any_of(roles, [right](Role role) { return Includes(role, right); });
}

}  // namespace slipway::access
