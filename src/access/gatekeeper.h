#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "access/admin_key.h"
#include "access/right.h"
#include "base/clock.h"
#include "base/status.h"

namespace slipway::access {

/// The headers of a request in which a key may stand; null where there is none.
struct Presented {
  const std::string_view* authorization = nullptr;  ///< "Bearer KEY"
  const std::string_view* key = nullptr;            ///< Slipway-Key: KEY
  const std::string_view* admin_key = nullptr;      ///< Slipway-Admin-Key: KEY
  bool is_repeated = false;                         ///< one of them stands there twice
};

/// Those of a request's head, whatever the protocol: it has Find(name), the value of the first
/// header of that name in any case or nullptr, and Repeated(name).
template <class Head>
Presented PresentedBy(const Head& head) {
  constexpr std::string_view kAuthorization = "authorization";
  constexpr std::string_view kKey = "slipway-key";
  constexpr std::string_view kAdminKey = "slipway-admin-key";
  return {.authorization = head.Find(kAuthorization),
          .key = head.Find(kKey),
          .admin_key = head.Find(kAdminKey),
          .is_repeated =
              head.Repeated(kAuthorization) || head.Repeated(kKey) || head.Repeated(kAdminKey)};
}

/// Decides who may do what, by a request's head alone, so that a refused body is never read. The
/// same decision for every protocol. Thread-safe; what is open costs nothing, a key its SHA-256.
class Gatekeeper {
 public:
  /// A store's keys, read again when their file changes: a new key is known at once, one that was
  /// taken back is refused within a second. A file that is damaged
  /// then changes nothing, and the log says so. DataLoss: it is damaged now; else what
  /// AdminKey::LoadOrCreate() says. `clock` outlives this.
  static Result<std::shared_ptr<const Gatekeeper>> ForStore(const std::string& store_folder,
                                                            Openness openness, const Clock& clock);
  /// One that knows the admin key alone, for tests.
  static std::shared_ptr<const Gatekeeper> WithKey(AdminKey key, Openness openness);
  virtual ~Gatekeeper() = default;

  /// Whether that needs no key: then Admit() need not be asked.
  bool IsOpen(Right right) const { return access::IsOpen(openness_, right); }
  /// Unauthenticated (kKeyMissing): a key is needed and none that is known was presented, or
  /// several, or it is expired. PermissionDenied (kRoleMissing): the key's roles do not include
  /// that.
  virtual Status Admit(Right right, const Presented& presented) const = 0;

 protected:
  explicit Gatekeeper(Openness openness) : openness_(openness) {}

 private:
  const Openness openness_;
};

}  // namespace slipway::access
