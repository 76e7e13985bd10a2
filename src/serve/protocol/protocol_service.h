#pragma once

#include <chrono>
#include <memory>

#include "access/door.h"
#include "access/gatekeeper.h"
#include "net/http/http_types.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// A protocol as the service of listeners, with what stands before its methods whatever the
/// protocol is: the door by which a request comes, who makes it, a login whose password has to be
/// checked first, and the end of a round, which is the predictor's. Thread-safe as the protocol is.
class ProtocolService : public net::HttpService {
 public:
  /// By the door that this was made for.
  net::BodyPlan Plan(const net::RequestHead& head) final { return PlanAt(door_, head); }
  /// Serves a request of a caller who is known; one whose login is unchecked waits until it is.
  void Serve(std::shared_ptr<net::Exchange> exchange) final;
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) final {
    return predictor_.FinishRound(loop, rejected);
  }

  /// The same as the admin listener has it (access::Door::kAdmin). It runs no models, so that its
  /// loops, which have nothing to do with those of this service, have nothing to finish.
  net::HttpService& admin() { return admin_; }

 protected:
  /// `predictor` outlives this.
  ProtocolService(access::Door door, std::shared_ptr<const access::Gatekeeper> gatekeeper,
                  Predictor& predictor)
      : door_(door), gatekeeper_(std::move(gatekeeper)), predictor_(predictor) {}

  /// What CheckDoor() and then Gatekeeper::Admit() say of who wants that.
  access::Admission Admit(access::Door door, access::Right right,
                          const net::RequestHead& head) const;

  /// As Plan(), by that door.
  virtual net::BodyPlan PlanAt(access::Door door, const net::RequestHead& head) = 0;
  /// Serves a request that PlanAt() has let in.
  virtual void ServeAdmitted(std::shared_ptr<net::Exchange> exchange) = 0;
  /// The answer to a request that PlanAt() has let in and whose caller is refused now; counts it.
  virtual net::Response RefuseLate(const net::Exchange& exchange,
                                   const access::Admission& admission) = 0;

 private:
  class AdminDoor final : public net::HttpService {
   public:
    explicit AdminDoor(ProtocolService& service) : service_(service) {}
    net::BodyPlan Plan(const net::RequestHead& head) override {
      return service_.PlanAt(access::Door::kAdmin, head);
    }
    void Serve(std::shared_ptr<net::Exchange> exchange) override {
      service_.Serve(std::move(exchange));
    }
    net::Response ErrorResponse(int status, std::string_view message,
                                const net::RequestHead* head) override {
      return service_.ErrorResponse(status, message, head);
    }

   private:
    ProtocolService& service_;
  };

  void CheckLogin(std::shared_ptr<net::Exchange> exchange, access::Caller& caller);

  const access::Door door_;
  const std::shared_ptr<const access::Gatekeeper> gatekeeper_;
  Predictor& predictor_;
  AdminDoor admin_{*this};
};

}  // namespace slipway::serve
