#include "serve/protocol/protocol_service.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/fake_gatekeeper.h"

namespace slipway::serve {
namespace {

class NotingPredictor final : public Predictor {
 public:
  void Predict(InferRequest&&, InferCompletion&&) override {}
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override {
    rounds.emplace_back(loop, rejected);
    return std::chrono::microseconds(rejected);
  }
  void Stop() override {}

  std::vector<std::pair<unsigned, unsigned>> rounds;
};

class FixedExchange final : public net::Exchange {
 public:
  const net::RequestHead& head() const override { return request; }
  std::span<const std::byte> body() const override { return {}; }
  void Send(net::Response response) override { answer = std::move(response); }
  bool Abandoned() const override { return false; }
  MonotonicTime received() const override { return {}; }
  unsigned loop() const override { return 0; }
  void Post(std::function<void()> task) override { posted.push_back(std::move(task)); }

  net::RequestHead request;
  net::Response answer{.status = 0};
  std::vector<std::function<void()>> posted;
};

/// Wants the right to infer for everything; answers what was admitted with 200 and the caller's
/// kind, and what was not with 401.
class NotingProtocol final : public ProtocolService {
 public:
  NotingProtocol(access::Door door, std::shared_ptr<const access::Gatekeeper> gatekeeper,
                 Predictor& predictor)
      : ProtocolService(door, std::move(gatekeeper), predictor) {}

  net::Response ErrorResponse(int status, std::string_view, const net::RequestHead*) override {
    return {.status = status};
  }

  access::Right wanted = access::Right::kInfer;

 protected:
  net::BodyPlan PlanAt(access::Door door, const net::RequestHead& head) override {
    access::Admission admission = Admit(door, wanted, head);
    net::BodyPlan plan;
    if (!admission.status.ok()) plan.reject = net::Response{.status = 403};
    plan.note = std::move(admission.caller);
    return plan;
  }
  void ServeAdmitted(std::shared_ptr<net::Exchange> exchange) override {
    const access::CallerKind kind = access::CallerOf(exchange->head())->kind;
    exchange->Send(net::Response::Text(200, "text/plain", std::string(CallerKindName(kind))));
  }
  net::Response RefuseLate(const net::Exchange&, const access::Admission&) override {
    return {.status = 401};
  }
};

class ProtocolServiceTest : public testing::Test {
 protected:
  /// A request that was planned by `service`, and is given to it.
  std::shared_ptr<FixedExchange> Serve(net::HttpService& service) {
    auto exchange = std::make_shared<FixedExchange>();
    exchange->request.note = service.Plan(exchange->request).note;
    service.Serve(exchange);
    return exchange;
  }

  NotingPredictor predictor;
  std::shared_ptr<access::FakeGatekeeper> gate = std::make_shared<access::FakeGatekeeper>();
  NotingProtocol service{access::Door::kPublic, gate, predictor};
};

TEST_F(ProtocolServiceTest, EachDoorHasItsOwnRights) {
  const net::RequestHead head;
  EXPECT_FALSE(service.Plan(head).reject);
  EXPECT_TRUE(service.admin().Plan(head).reject);
  service.wanted = access::Right::kAdminister;
  EXPECT_TRUE(service.Plan(head).reject);
  EXPECT_FALSE(service.admin().Plan(head).reject);
}

TEST_F(ProtocolServiceTest, ARequestWaitsForItsLoginOnItsOwnLoop) {
  const auto exchange = Serve(service);
  gate->waiting(access::FakeGatekeeper::Admitted());
  EXPECT_EQ(exchange->answer.status, 0);
  ASSERT_EQ(exchange->posted.size(), 1u);
  std::exchange(exchange->posted, {})[0]();  // it holds the exchange
  EXPECT_EQ(exchange->answer.text, "login");
}

TEST_F(ProtocolServiceTest, AWrongLoginIsAnsweredByTheProtocol) {
  gate->at_once = true;
  gate->verdict = {.status = Unauthenticated("wrong")};
  service.wanted = access::Right::kAdminister;
  const auto exchange = Serve(service.admin());
  std::exchange(exchange->posted, {}).at(0)();
  EXPECT_EQ(exchange->answer.status, 401);
}

TEST_F(ProtocolServiceTest, OnlyTheDoorThatRunsModelsEndsThePredictorsRounds) {
  EXPECT_EQ(service.FinishRound(3, 7), std::chrono::microseconds(7));
  EXPECT_EQ(service.admin().FinishRound(0, 1), std::chrono::nanoseconds(0));
  EXPECT_EQ(predictor.rounds, (std::vector<std::pair<unsigned, unsigned>>{{3, 7}}));
}

}  // namespace
}  // namespace slipway::serve
