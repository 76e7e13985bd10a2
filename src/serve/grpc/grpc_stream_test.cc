#include "serve/grpc/grpc_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/fake_gatekeeper.h"
#include "base/clock.h"
#include "base/file.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "inference.pb.h"
#include "serve/grpc/grpc_world.h"

namespace slipway::serve::grpc {
namespace {

using Health = ::grpc::health::v1::HealthCheckResponse;
using Answer = inference::ModelStreamInferResponse;

/// One call of a streaming method.
class StreamCall {
 public:
  explicit StreamCall(std::string_view path, const std::vector<net::Header>& headers = {})
      : exchange(world.OpenStream(RpcWorld::Head(path, headers))) {}
  StreamCall(std::string_view path, std::shared_ptr<const access::Gatekeeper> gatekeeper)
      : world(std::move(gatekeeper)), exchange(world.OpenStream(RpcWorld::Head(path))) {}

  void Send(std::string_view bytes) { world.Send(bytes); }
  void Say(std::string_view message) { Send(RpcWorld::Framed(message)); }
  void Close() {
    exchange->told.body_ended = true;
    Send("");
  }
  void Pass(std::chrono::milliseconds time) {
    exchange->told.now += time;
    Send("");
  }
  /// The messages that came since the last call.
  template <class Message>
  std::vector<Message> Take() {
    std::vector<Message> messages;
    std::string text = std::exchange(exchange->answer.text, {});
    std::span<const std::byte> rest = std::as_bytes(std::span(text));
    while (!rest.empty()) {
      const auto one = TakeMessage(rest, net::ContentCoding::kIdentity, 1 << 20);
      if (!one.ok() || !messages.emplace_back().ParseFromArray(one->bytes.data(),
                                                               static_cast<int>(one->bytes.size())))
        throw std::runtime_error("no message");
    }
    return messages;
  }
  std::string Status() const {
    const auto& ending =
        exchange->answer.trailers.empty() ? exchange->answer.headers : exchange->answer.trailers;
    return exchange->ended ? RpcAnswer::Find(ending, "grpc-status") : "";
  }

  RpcWorld world;
  const std::shared_ptr<FixedStreamExchange> exchange;
};

constexpr std::string_view kInfer = "/inference.GRPCInferenceService/ModelStreamInfer";
constexpr std::string_view kWatch = "/grpc.health.v1.Health/Watch";

inference::ModelInferRequest Request(const std::string& id, const std::string& model = "row") {
  inference::ModelInferRequest request;
  request.set_model_name(model);
  request.set_id(id);
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype("FP32");
  input.add_shape(1);
  input.add_shape(3);
  const float row[3] = {1, 2, 3};
  request.add_raw_input_contents(row, sizeof row);
  return request;
}

bool IsFinal(const Answer& answer) {
  const auto& parameters = answer.infer_response().parameters();
  const auto found = parameters.find("triton_final_response");
  return found != parameters.end() && found->second.bool_param();
}

TEST(ModelStreamInfer, AnswersEveryRequestInOrderAndLivesOn) {
  StreamCall call(kInfer);
  for (const char* id : {"1", "2", "3"}) call.Say(Request(id).SerializeAsString());
  const auto answers = call.Take<Answer>();
  ASSERT_EQ(answers.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answers[i].error_message(), "");
    EXPECT_EQ(answers[i].infer_response().id(), std::to_string(i + 1));
    EXPECT_EQ(answers[i].infer_response().model_name(), "row");
    EXPECT_EQ(answers[i].infer_response().raw_output_contents_size(), 1);
    EXPECT_TRUE(IsFinal(answers[i]));
  }
  EXPECT_EQ(call.Status(), "");
  call.Close();
  EXPECT_EQ(call.Status(), "0");
}

TEST(ModelStreamInfer, AnObserverHearsOfEachRequestAndOfTheCall) {
  StreamCall call(kInfer);
  call.Say(Request("1").SerializeAsString());
  inference::ModelInferRequest unknown = Request("2");
  unknown.set_model_name("nobody");
  call.Say(unknown.SerializeAsString());
  call.Close();
  const std::string start = "grpc ModelStreamInfer POST " + std::string(kInfer);
  EXPECT_EQ(call.world.heard.lines(),
            (std::vector<std::string>{start + " 0 row:2 rows 1 id 1 anonymous",
                                      start + " 5 nobody:0 anonymous", start + " 0 anonymous"}));
}

TEST(ModelStreamInfer, WaitsWithItsMessagesUntilTheLoginIsChecked) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  StreamCall call(kInfer, gate);
  call.Say(Request("1").SerializeAsString());
  EXPECT_TRUE(call.Take<Answer>().empty());
  EXPECT_EQ(call.exchange->consumed, 0U) << "the client's window stays shut";
  gate->waiting(access::FakeGatekeeper::Admitted());
  EXPECT_EQ(call.Take<Answer>().size(), 1U);
  call.Say(Request("2").SerializeAsString());
  EXPECT_EQ(call.Take<Answer>().size(), 1U);
}

TEST(ModelStreamInfer, EndsWhereTheLoginIsWrong) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  StreamCall call(kInfer, gate);
  call.Say(Request("1").SerializeAsString());
  gate->waiting({.status = Unauthenticated("wrong")});
  EXPECT_EQ(call.Status(), "16");
  EXPECT_TRUE(call.Take<Answer>().empty());
}

TEST(ModelStreamInfer, AClientThatLeavesIsNotWaitedForAtTheCheck) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  StreamCall call(kInfer, gate);
  call.exchange->told.is_gone = true;
  call.Send("");
  gate->waiting(access::FakeGatekeeper::Admitted());
  EXPECT_TRUE(call.Take<Answer>().empty());
}

TEST(ModelStreamInfer, EveryMessageCountsAgainstTheCallersQuota) {
  const TemporaryDirectory store = TemporaryDirectory::Create("quota").value();
  const SystemClock clock;
  const access::GateRules rules{.openness = access::Openness::kToThisMachine,
                                .anonymous = {.rate = {.per_second = 1e-3, .burst = 2}}};
  StreamCall call(kInfer, access::Gatekeeper::ForStore(store.path(), rules, clock).value());
  for (const char* id : {"1", "2", "3", "4"}) call.Say(Request(id).SerializeAsString());
  const auto answers = call.Take<Answer>();
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].error_message(), "");
  EXPECT_EQ(answers[1].error_message(), "");
  EXPECT_NE(answers[2].error_message().find("the quota of this address"), std::string::npos);
  EXPECT_EQ(answers[3].infer_response().id(), "4") << "refused, and still named";
  EXPECT_EQ(call.Status(), "") << "and the call lives on";
}

TEST(ModelStreamInfer, AMessageHasItsCallersPlaceUntilItIsAnswered) {
  const TemporaryDirectory store = TemporaryDirectory::Create("quota").value();
  const SystemClock clock;
  const access::GateRules rules{.openness = access::Openness::kToThisMachine,
                                .anonymous = {.in_flight = 1}};
  StreamCall call(kInfer, access::Gatekeeper::ForStore(store.path(), rules, clock).value());
  for (const char* id : {"1", "2", "3"}) call.Say(Request(id).SerializeAsString());
  for (const Answer& answer : call.Take<Answer>()) EXPECT_EQ(answer.error_message(), "");
  call.exchange->told.has_room = false;
  call.Say(Request("4").SerializeAsString());
  call.Say(Request("5").SerializeAsString());
  call.exchange->told.has_room = true;
  call.Send("");
  const auto answers = call.Take<Answer>();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].error_message(), "");
  EXPECT_NE(answers[1].error_message().find("1 requests at one time"), std::string::npos);
}

TEST(ModelStreamInfer, AnErrorBelongsToItsRequest) {
  StreamCall call(kInfer);
  call.Say(Request("1").SerializeAsString());
  call.Say(Request("2", "nothing").SerializeAsString());
  call.Say("\x0a\xff");
  call.Say(Request("4").SerializeAsString());
  const auto answers = call.Take<Answer>();
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].error_message(), "");
  EXPECT_NE(answers[1].error_message().find("nothing"), std::string::npos);
  EXPECT_EQ(answers[1].infer_response().id(), "2");
  EXPECT_TRUE(IsFinal(answers[1]));
  EXPECT_NE(answers[2].error_message(), "");
  EXPECT_EQ(answers[3].infer_response().id(), "4");
  EXPECT_EQ(call.Status(), "");
}

TEST(ModelStreamInfer, AnEmptyFinalAnswerComesWhereItIsAskedFor) {
  StreamCall call(kInfer);
  auto request = Request("1");
  (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(true);
  call.Say(request.SerializeAsString());
  const auto answers = call.Take<Answer>();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_FALSE(IsFinal(answers[0]));
  EXPECT_EQ(answers[0].infer_response().outputs_size(), 1);
  EXPECT_TRUE(IsFinal(answers[1]));
  EXPECT_EQ(answers[1].infer_response().outputs_size(), 0);
  EXPECT_EQ(answers[1].infer_response().id(), "1");
}

TEST(ModelStreamInfer, AClientThatDoesNotReadStopsTheStream) {
  StreamCall call(kInfer);
  call.exchange->told.has_room = false;
  const std::string message = RpcWorld::Framed(Request("1").SerializeAsString());
  for (int i = 0; i < 100; ++i) call.Send(message);
  EXPECT_TRUE(call.Take<Answer>().empty());
  // 64 are taken and one more waits, put together; the windows of the others stay shut.
  EXPECT_EQ(call.exchange->consumed, 65 * message.size());
  call.exchange->told.has_room = true;
  call.Send("");
  EXPECT_EQ(call.Take<Answer>().size(), 100U);
  EXPECT_EQ(call.exchange->consumed, 100 * message.size());
}

// Fault C5: of a stream
TEST(ModelStreamInfer, TheDeadlineOfTheCallEndsIt) {
  StreamCall call(kInfer, {{"grpc-timeout", "2S"}});
  call.Send("");
  EXPECT_EQ(call.exchange->wake_at, call.exchange->when + std::chrono::seconds(2));
  call.Pass(std::chrono::seconds(2));
  EXPECT_EQ(call.Status(), "4");
}

TEST(ModelStreamInfer, ADrainAnswersWhatHasComeAndEndsTheCall) {
  StreamCall call(kInfer);
  call.exchange->told.is_draining = true;
  call.Say(Request("1").SerializeAsString());
  EXPECT_EQ(call.Take<Answer>().size(), 1U);
  EXPECT_EQ(call.Status(), "14");
}

// Bad input G7: a stream that ends within a message
TEST(ModelStreamInfer, ACallThatEndsWithinAMessageIsRefused) {
  StreamCall call(kInfer);
  call.Send(std::string("\0\0\0\0\7abc", 8));
  EXPECT_TRUE(call.exchange->awaits_body);
  call.Close();
  EXPECT_EQ(call.Status(), "3");
}

TEST(ModelStreamInfer, AMessageThatDoesNotArriveEndsTheCall) {
  StreamCall call(kInfer);
  call.Send(std::string("\0\0\0\0\7abc", 8));
  call.exchange->told.is_late = true;
  call.Send("");
  EXPECT_EQ(call.Status(), "4");
}

// work for a client that left is dropped, and counted as cancelled
// Fault C6: from a stream
TEST(ModelStreamInfer, AClientThatLeavesIsCountedAsCancelled) {
  StreamCall call(kInfer);
  call.exchange->told.is_gone = true;
  call.Send("");
  const auto snapshots = call.world.api().requests().Snapshots();
  ASSERT_EQ(snapshots.size(), 1U);
  EXPECT_EQ(snapshots[0].name.method, "ModelStreamInfer");
  EXPECT_EQ(snapshots[0].codes[0].code, 1);
}

TEST(ModelStreamInfer, AnUnknownCompressionIsRefusedAtOnce) {
  RpcWorld world;
  const net::BodyPlan plan =
      world.api().Plan(RpcWorld::Head(kInfer, {{"grpc-encoding", "brotli"}}));
  ASSERT_TRUE(plan.reject.has_value());
  EXPECT_TRUE(plan.client_listens);
}

TEST(HealthWatch, TellsTheStateAndEveryChange) {
  StreamCall call(kWatch);
  call.Say("");
  call.exchange->told.body_ended = true;
  call.Pass(std::chrono::seconds(1));
  auto answers = call.Take<Health>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status(), Health::SERVING);
  EXPECT_LE(call.exchange->wake_at, call.exchange->told.now + std::chrono::seconds(1));
  call.world.is_ready = false;
  call.Pass(std::chrono::seconds(1));
  answers = call.Take<Health>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status(), Health::NOT_SERVING);
  call.Pass(std::chrono::seconds(1));
  EXPECT_TRUE(call.Take<Health>().empty());
  EXPECT_EQ(call.Status(), "");
}

TEST(HealthWatch, AnUnknownNameIsAStateAndNoError) {
  StreamCall call(kWatch);
  ::grpc::health::v1::HealthCheckRequest request;
  request.set_service("nothing");
  call.Say(request.SerializeAsString());
  const auto answers = call.Take<Health>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status(), Health::SERVICE_UNKNOWN);
  EXPECT_EQ(call.Status(), "");
}

TEST(HealthWatch, ADrainIsToldBeforeTheEnd) {
  StreamCall call(kWatch);
  call.Say("");
  (void)call.Take<Health>();
  call.world.is_ready = false;
  call.exchange->told.is_draining = true;
  call.Send("");
  const auto answers = call.Take<Health>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status(), Health::NOT_SERVING);
  EXPECT_EQ(call.Status(), "14");
}

TEST(HealthWatch, TakesOneRequest) {
  StreamCall call(kWatch);
  call.Say("");
  call.Say("");
  EXPECT_EQ(call.Status(), "3");
}

TEST(Reflection, AnswersEachRequestAtOnce) {
  namespace v1 = ::grpc::reflection::v1;
  StreamCall call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  v1::ServerReflectionRequest request;
  request.set_list_services("");
  for (int i = 0; i < 2; ++i) {
    call.Say(request.SerializeAsString());
    EXPECT_EQ(call.Take<v1::ServerReflectionResponse>().size(), 1U);
  }
  EXPECT_EQ(call.Status(), "");
  call.Close();
  EXPECT_EQ(call.Status(), "0");
}

}  // namespace
}  // namespace slipway::serve::grpc
