#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "access/gatekeeper.h"

namespace slipway::access {

/// For tests: everything needs a login, whose check ends when the test says so.
class FakeGatekeeper final : public Gatekeeper {
 public:
  FakeGatekeeper() : Gatekeeper({.openness = Openness::kToNobody}) {}

  Admission Ask(Right right, const Presented&) const override {
    auto caller = std::make_shared<Caller>();
    caller->unchecked = std::make_unique<UncheckedLogin>(UncheckedLogin{.right = right});
    return {.caller = std::move(caller)};
  }
  void Check(Caller& caller, std::function<void(Admission)> done) const override {
    caller.unchecked = nullptr;
    if (at_once) return done(std::exchange(verdict, {}));
    waiting = std::move(done);
  }
  Result<Place> EnterAgain(const Caller&) const override { return Place(); }
  Refusals refusals() const override { return {}; }

  /// Of a login that is right.
  static Admission Admitted() {
    auto caller = std::make_shared<Caller>();
    caller->kind = CallerKind::kLogin;
    return {.caller = std::move(caller)};
  }

  bool at_once = false;       ///< checks end at once, with `verdict`
  mutable Admission verdict;  ///< of the next
  mutable std::function<void(Admission)> waiting;
};

}  // namespace slipway::access
