#include "access/gatekeeper.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "access/grant_book.h"
#include "access/grant_file.h"
#include "access/login_checker.h"
#include "access/network_usages.h"
#include "access/password.h"
#include "access/secret.h"
#include "base/error_catalogue.h"
#include "telemetry/counter.h"

namespace slipway::access {
namespace {

std::string_view NeededFor(Right right) {
  switch (right) {
    case Right::kNothing:
      break;
    case Right::kDescribe:
      return "describing models";
    case Right::kInfer:
      return "running a model";
    case Right::kObserve:
      return "reading statistics";
    case Right::kReadConfiguration:
      return "reading the configuration";
    case Right::kInspect:
      return "listing what the server has";
    case Right::kAdminister:
      return "administering the server";
  }
  return "this";
}

Status RoleMissing(const Grant& grant, Right right) {
  return PermissionDenied(fmt::format("the {} \"{}\" is for {}, not for {}",
                                      CredentialKind(grant.credential), grant.name,
                                      RoleNames(grant.roles), NeededFor(right)))
      .With(errors::kRoleMissing)
      .Hint("ask for a key with another role: slipway grant NAME --role ROLE");
}

std::string_view WhoseQuota(const Caller& caller) {
  if (caller.name.empty()) return "this address, for requests without a key";
  return caller.name;
}

Status QuotaUsed(const Caller& caller, const Overuse& overuse) {
  const bool is_rate = overuse.part == Overuse::Part::kRate;
  const std::string quota = is_rate
                                ? Describe(caller.quota.rate)
                                : fmt::format("{} requests at one time", caller.quota.in_flight);
  return ResourceExhausted(fmt::format("the quota of {} is used up: {}", WhoseQuota(caller), quota))
      .With(errors::kQuotaUsed)
      .Hint(is_rate ? fmt::format("ask again in {} s", InSeconds(overuse.wait))
                    : "wait for the answers to what you have asked");
}

CallerKind KindOf(const Credential& credential) {
  constexpr std::array<CallerKind, std::variant_size_v<Credential>> kKinds = {
      CallerKind::kKey, CallerKind::kCertificate, CallerKind::kLogin};
  return kKinds[credential.index()];
}

std::shared_ptr<Caller> CallerBy(const Holder& holder) {
  auto caller = std::make_shared<Caller>();
  caller->kind = KindOf(holder.grant.credential);
  caller->id = holder.grant.id;
  caller->name = holder.grant.name;
  caller->quota = holder.grant.quota;
  if (caller->quota.IsOn()) caller->usage = holder.usage;
  return caller;
}

class StoreGatekeeper final : public Gatekeeper {
 public:
  StoreGatekeeper(AdminKey admin, const GateRules& rules, std::unique_ptr<GrantBook> grants,
                  const Clock& clock)
      : Gatekeeper(rules),
        admin_(admin),
        grants_(std::move(grants)),
        logins_(clock),
        networks_(rules.anonymous.IsOn() ? NetworkUsages::Create() : nullptr),
        clock_(clock) {}

  Admission Ask(Right right, const Presented& presented) const override {
    Result<Shown> shown = ShownBy(presented);
    if (!shown.ok()) return {.status = shown.status()};
    if (const auto* key = std::get_if<std::string_view>(&*shown)) return AskKeyed(right, *key);
    if (auto* login = std::get_if<Login>(&*shown))
      return AskLogin(right, std::move(*login), presented.network);
    return AskUnkeyed(right, presented);
  }

  void Check(Caller& caller, std::function<void(Admission)> done) const override {
    UncheckedLogin attempt = std::move(*std::exchange(caller.unchecked, nullptr));
    const auto holder = HolderOf(attempt.login);
    std::string hash(HashOf(holder.get()));
    const Status queued =
        logins_.Check(std::move(attempt.login), std::move(hash),
                      [this, holder, right = attempt.right, done](bool is_right) {
                        if (is_right && holder != nullptr)
                          return done(AskHolder(right, *holder, IsOpen(right)));
                        done({.status = NotKnown("the user or the password is wrong")});
                      });
    if (!queued.ok()) done({.status = queued, .retry_after = std::chrono::seconds(1)});
  }

  Result<Place> EnterAgain(const Caller& caller) const override {
    Place place;
    const Overuse overuse = Enter(caller, place);
    if (overuse.part != Overuse::Part::kNone) return QuotaUsed(caller, overuse);
    return place;
  }

  Refusals refusals() const override {
    return {.rate = over_rate_.Value(),
            .in_flight = over_in_flight_.Value(),
            .logins = over_logins_.Value()};
  }

 private:
  Admission AskKeyed(Right right, std::string_view key) const {
    if (key.starts_with(AdminKey::kPrefix) && admin_.Admits(key)) {
      auto caller = std::make_shared<Caller>();
      caller->kind = CallerKind::kAdminKey;
      return {.caller = std::move(caller)};
    }
    const std::string_view id = KeyId(key);
    const auto holder =
        id.empty() || grants_ == nullptr ? nullptr : grants_->ById(id, clock_.Now());
    const Digest* const digest =
        holder == nullptr ? nullptr : std::get_if<Digest>(&holder->grant.credential);
    if (digest == nullptr || !HasDigest(key, *digest))
      return {.status = NotKnown("the key is not one of this server")};
    return AskHolder(right, *holder, IsOpen(right));
  }

  Admission AskLogin(Right right, Login login, std::uint64_t network) const {
    const auto holder = HolderOf(login);
    const bool is_remembered = logins_.Remembers(login, HashOf(holder.get()));
    if (holder != nullptr && is_remembered) return AskHolder(right, *holder, IsOpen(right));
    const std::chrono::nanoseconds wait = logins_.Enter(network);
    if (wait.count() > 0) {
      over_logins_.Add();
      return {.status = ResourceExhausted("too many logins are tried from this address")
                            .With(errors::kQuotaUsed)
                            .Hint(fmt::format("ask again in {} s", InSeconds(wait))),
              .retry_after = wait};
    }
    auto caller = std::make_shared<Caller>();
    caller->kind = CallerKind::kLogin;
    caller->unchecked =
        std::make_unique<UncheckedLogin>(UncheckedLogin{.login = std::move(login), .right = right});
    return {.caller = std::move(caller)};
  }

  std::shared_ptr<const Holder> HolderOf(const Login& login) const {
    return grants_ == nullptr ? nullptr : grants_->ByLogin(login.user, clock_.Now());
  }

  static std::string_view HashOf(const Holder* holder) {
    if (holder == nullptr) return NobodysPasswordHash();
    return std::get<PasswordHash>(holder->grant.credential).text;
  }

  Admission AskUnkeyed(Right right, const Presented& presented) const {
    const auto holder = presented.certificate.empty() || grants_ == nullptr
                            ? nullptr
                            : grants_->ByCertificate(presented.certificate, clock_.Now());
    if (holder != nullptr) return AskHolder(right, *holder, false);
    if (!IsOpen(right))
      return {.status = NotKnown(fmt::format("{} needs a key", NeededFor(right)))};
    if (networks_ == nullptr) return {};
    auto caller = std::make_shared<Caller>();
    caller->quota = anonymous();
    caller->usage = networks_->Of(presented.network);
    return Count(std::move(caller));
  }

  /// `is_open`: to those who show nothing too, so that a role takes nothing away.
  Admission AskHolder(Right right, const Holder& holder, bool is_open) const {
    const Grant& grant = holder.grant;
    std::shared_ptr<Caller> caller = CallerBy(holder);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch());
    if (grant.IsExpired(now.count())) {
      return {.status = NotKnown(fmt::format("the {} \"{}\" is expired",
                                             CredentialKind(grant.credential), grant.name)),
              .caller = std::move(caller)};
    }
    if (!is_open && !grant.Allows(right))
      return {.status = RoleMissing(grant, right), .caller = std::move(caller)};
    return Count(std::move(caller));
  }

  Admission Count(std::shared_ptr<Caller> caller) const {
    const Overuse overuse = Enter(*caller, caller->place);
    if (overuse.part == Overuse::Part::kNone) return {.caller = std::move(caller)};
    Status status = QuotaUsed(*caller, overuse);
    return {.status = std::move(status), .caller = std::move(caller), .retry_after = overuse.wait};
  }

  Overuse Enter(const Caller& caller, Place& place) const {
    if (caller.usage == nullptr) return {};
    const Overuse overuse = caller.usage->Enter(caller.quota, clock_);
    if (overuse.part == Overuse::Part::kRate) over_rate_.Add();
    if (overuse.part == Overuse::Part::kInFlight) over_in_flight_.Add();
    if (overuse.part == Overuse::Part::kNone && caller.quota.in_flight > 0)
      place = Place(caller.usage);
    return overuse;
  }

  const AdminKey admin_;
  const std::unique_ptr<GrantBook> grants_;  ///< absent: there are none
  mutable LoginChecker logins_;
  const std::shared_ptr<NetworkUsages> networks_;  ///< absent: nobody is counted by address
  const Clock& clock_;
  mutable telemetry::Counter over_rate_;
  mutable telemetry::Counter over_in_flight_;
  mutable telemetry::Counter over_logins_;
};

}  // namespace

Result<std::shared_ptr<const Gatekeeper>> Gatekeeper::ForStore(const std::string& store_folder,
                                                               const GateRules& rules,
                                                               const Clock& clock,
                                                               AuditLog* audit) {
  SLIPWAY_TRY(const AdminKey admin, AdminKey::LoadOrCreate(store_folder));
  SLIPWAY_TRY(std::unique_ptr<GrantBook> grants, GrantBook::Open(store_folder));
  if (audit != nullptr) {
    grants->TellReloads([audit](const Status& status) {
      audit->Record({.protocol = "server",
                     .act = "keys_reload",
                     .result = status.ok() ? "ok" : "failed",
                     .code = static_cast<int>(status.code())});
    });
  }
  return std::shared_ptr<const Gatekeeper>(
      std::make_shared<StoreGatekeeper>(admin, rules, std::move(grants), clock));
}

std::shared_ptr<const Gatekeeper> Gatekeeper::WithKey(AdminKey key, Openness openness) {
  static const SystemClock clock;
  return std::make_shared<StoreGatekeeper>(key, GateRules{.openness = openness}, nullptr, clock);
}

}  // namespace slipway::access
