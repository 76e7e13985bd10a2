#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "access/admin_key.h"
#include "access/audit_log.h"
#include "access/caller.h"
#include "access/presented.h"
#include "access/quota.h"
#include "access/right.h"
#include "base/clock.h"
#include "base/status.h"

namespace slipway::access {

struct GateRules {
  Openness openness = Openness::kToNobody;
  Quota anonymous;  ///< of each network's callers that show nothing
};

/// Decides who may do what, by a request's head alone, so that a refused body is never read. The
/// same decision for every protocol and every credential: an admin key, a key, a certificate, a
/// login.
///
/// What is open asks for nothing, and looks at a key or a login only where the callers without one
/// have a quota; but a certificate that has a grant is held to that wherever it is shown. A key
/// says more than the certificate of the connection that it comes by, such as a proxy's. A request
/// that shows something wrong is refused, whatever else it shows.
///
/// Thread-safe. What is open and not counted costs nothing, a key its SHA-256, a quota two atomics.
class Gatekeeper {
 public:
  /// A store's grants, read again when their file changes: a new one is known at once (a
  /// certificate's within a second), one that was taken back is refused within a second. DataLoss:
  /// the file is damaged; else what AdminKey::LoadOrCreate() says. `clock` and `audit`, which is
  /// told when the file is read again, outlive this.
  static Result<std::shared_ptr<const Gatekeeper>> ForStore(const std::string& store_folder,
                                                            const GateRules& rules,
                                                            const Clock& clock,
                                                            AuditLog* audit = nullptr);
  /// One that knows the admin key alone, for tests.
  static std::shared_ptr<const Gatekeeper> WithKey(AdminKey key, Openness openness);
  virtual ~Gatekeeper() = default;

  /// Lets a request in by its head (see PresentedBy()), or not. Unauthenticated (kKeyMissing): a
  /// key is needed and none that is known was presented, or several, or it is expired.
  /// PermissionDenied (kRoleMissing): the roles do not include that. ResourceExhausted
  /// (kQuotaUsed): the caller's quota is used up, or too many logins come from its network. What
  /// needs no right is not counted. A caller that is `unchecked` is not let in yet: see Check().
  template <class Head>
  Admission Admit(Right right, const Head& head) const {
    if (right == Right::kNothing ||
        (IsOpen(right) && head.certificate == nullptr && !rules_.anonymous.IsOn()))
      return {};
    return Ask(right, PresentedBy(head));
  }
  virtual Admission Ask(Right right, const Presented& presented) const = 0;

  /// Checks the password of `caller.unchecked`, which is taken out: the request waits, with its
  /// body. `done` gets what Ask() would have said, on a thread of the gatekeeper's, or on this one;
  /// Unavailable: too many wait.
  virtual void Check(Caller& caller, std::function<void(Admission)> done) const = 0;

  /// Counts one more request of who was let in: a message of a stream. Its place among those in
  /// flight, or ResourceExhausted (kQuotaUsed).
  virtual Result<Place> EnterAgain(const Caller& caller) const = 0;

  /// Refusals so far, by the part of a quota that was used up, or of logins tried too often.
  struct Refusals {
    std::uint64_t rate = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t logins = 0;
  };
  virtual Refusals refusals() const = 0;

 protected:
  explicit Gatekeeper(const GateRules& rules) : rules_(rules) {}
  bool IsOpen(Right right) const { return access::IsOpen(rules_.openness, right); }
  const Quota& anonymous() const { return rules_.anonymous; }

 private:
  const GateRules rules_;
};

}  // namespace slipway::access
