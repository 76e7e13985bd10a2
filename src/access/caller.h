#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "access/login.h"
#include "access/quota.h"
#include "access/right.h"
#include "access/usage.h"
#include "base/status.h"

namespace slipway::access {

enum class CallerKind : std::uint8_t { kAnonymous, kAdminKey, kKey, kCertificate, kLogin };
/// "anonymous", "admin key", "key", "certificate", "login".
std::string_view CallerKindName(CallerKind kind);

/// A login whose password has to be checked before the request is served.
struct UncheckedLogin {
  Login login;
  Right right = Right::kNothing;  ///< that the request needs
};

/// Who makes a request, and its place among those that the same caller has in flight. Belongs to
/// whoever serves the request.
struct Caller {
  CallerKind kind = CallerKind::kAnonymous;
  std::string id;    ///< of the grant; empty: there is none
  std::string name;  ///< the grant's, or ""
  Quota quota;
  std::shared_ptr<Usage> usage;  ///< absent: nothing is counted
  Place place;
  /// Present: nobody is admitted yet, see Gatekeeper::Check().
  std::unique_ptr<UncheckedLogin> unchecked;
};

/// Of a request's head whose plan left its caller as the note; nullptr: nobody that is known.
template <class Head>
Caller* CallerOf(const Head& head) {
  return static_cast<Caller*>(head.note.get());
}

/// What became of a wish to be let in.
struct Admission {
  Status status;                   ///< ok: it is
  std::shared_ptr<Caller> caller;  ///< absent: nobody that is known, and nothing is counted
  /// When to ask again, of a refusal by a quota (kQuotaUsed); 0: of another.
  std::chrono::nanoseconds retry_after{};
};

/// Rounded up, at least 1: as Retry-After says it.
std::string InSeconds(std::chrono::nanoseconds wait);

}  // namespace slipway::access
