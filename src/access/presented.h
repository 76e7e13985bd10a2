#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "access/login.h"
#include "base/status.h"

namespace slipway::access {

/// What a request shows of who makes it; null where it shows nothing.
struct Presented {
  const std::string_view* authorization = nullptr;  ///< "Bearer KEY", or "Basic" of a login
  const std::string_view* key = nullptr;            ///< Slipway-Key: KEY
  const std::string_view* admin_key = nullptr;      ///< Slipway-Admin-Key: KEY
  bool is_repeated = false;                         ///< one of them stands there twice
  std::span<const std::string> certificate = {};    ///< its verified names, as CertificateName
  std::uint64_t network = 0;                        ///< a number of where it comes from
};

/// Of a request's head, whatever the protocol: it has Find(name), the value of the first header of
/// that name in any case or nullptr, Repeated(name), `certificate` (a pointer to its names, or
/// null) and `network`.
template <class Head>
Presented PresentedBy(const Head& head) {
  constexpr std::string_view kAuthorization = "authorization";
  constexpr std::string_view kKey = "slipway-key";
  constexpr std::string_view kAdminKey = "slipway-admin-key";
  Presented presented{.authorization = head.Find(kAuthorization),
                      .key = head.Find(kKey),
                      .admin_key = head.Find(kAdminKey),
                      .is_repeated = head.Repeated(kAuthorization) || head.Repeated(kKey) ||
                                     head.Repeated(kAdminKey),
                      .network = head.network};
  if (head.certificate != nullptr) presented.certificate = *head.certificate;
  return presented;
}

/// The refusal of who shows nothing that is known, with what to show.
Status NotKnown(std::string message);

/// What a request shows beside its certificate: nothing, a key or a login.
using Shown = std::variant<std::monostate, std::string_view, Login>;
/// Unauthenticated (kKeyMissing): it shows several, or an Authorization header that is neither.
Result<Shown> ShownBy(const Presented& presented);

}  // namespace slipway::access
