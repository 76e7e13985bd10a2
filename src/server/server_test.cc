#include "server/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <future>
#include <latch>
#include <map>
#include <semaphore>
#include <thread>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "serve/control/fixed_source.h"
#include "serve/model/fake_engine.h"
#include "server/http_test_client.h"
#include "tensor/npz.h"

namespace slipway::server {
namespace {

using serve::FakeExecutable;
using testing::HasSubstr;

const ThreadBudget kTwoCores{.cores = 2, .why = "a test"};
constexpr std::uint64_t kMemory = std::uint64_t{1} << 30;
constexpr std::string_view kInfer = "/v2/models/fake/infer";
constexpr std::string_view kBody =
    R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]})";

serve::ModelPackage FakePackage(std::int64_t version, const std::string& path) {
  serve::ModelPackage package{.name = "fake", .version = version, .graph_path = path};
  package.manifest.signature = serve::FakeSignature();
  return package;
}

std::string RequestText() {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", kInfer,
                     kBody.size(), kBody);
}

// A server whose models are fakes: "one.onnx" answers 1, "two.onnx" 2, "slow.onnx" waits.
struct FakeWorld {
  serve::FakeEngine engine;
  SystemClock clock;
  std::promise<void> release_slow;
  std::shared_future<void> slow_released = release_slow.get_future().share();
  std::counting_semaphore<> slow_arrivals{0};
  std::atomic<bool> is_warm = false;
  TemporaryDirectory store = TemporaryDirectory::Create("slipway-server-test-").value();
  serve::FixedSource source{{FakePackage(1, "one.onnx"), FakePackage(2, "two.onnx"),
                             FakePackage(3, "slow.onnx"), FakePackage(4, "missing.onnx")}};

  FakeWorld() {
    engine.compile = [this](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      FakeExecutable::Behaviour behaviour{.signature = serve::FakeSignature()};
      if (path == "missing.onnx") return InvalidArgument("the engine cannot read it");
      behaviour.answer = path == "one.onnx" ? 1.0F : 2.0F;
      if (path == "slow.onnx") behaviour.on_run = [this] { return WaitOnceWarm(); };
      return behaviour;
    };
  }

  // Warming takes more than the bound for running on a loop, so that requests go to workers.
  Status WaitOnceWarm() {
    if (!is_warm) {
      std::this_thread::sleep_for(std::chrono::milliseconds(11));
    } else {
      slow_arrivals.release();
      slow_released.wait();
    }
    return {};
  }

  ServerOptions Options(std::int64_t version) const {
    return Decided({.port = 0,
                    .store_folder = store.path(),
                    .models = {{.name = "fake", .request = {.version = version}}}},
                   kTwoCores, kMemory)
        .value();
  }

  Result<std::unique_ptr<Server>> Start(const ServerOptions& options) {
    return Server::Start(options,
                         {.engine = engine, .source = source, .clock = clock, .budget = kTwoCores});
  }
  std::unique_ptr<Server> Start(std::int64_t version) { return Start(Options(version)).value(); }

  std::string KeyHeader() const {
    const std::string key = ReadFile(store.path() + "/admin.key").value();
    return "Authorization: Bearer " + std::string(Trim(key)) + "\r\n";
  }
};

TEST(Server, IsReadyOnceItsModelsAreLoaded) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient client(server->port());
  EXPECT_EQ(client.Get("/v2/health/live").status, 200);
  EXPECT_EQ(client.Get("/v2/health/ready").status, 200);
  EXPECT_EQ(client.Get("/v2/models/fake/ready").status, 200);
}

TEST(Server, AnswersAnInference) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient client(server->port());
  const auto answer = client.Post(kInfer, kBody);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("model_version":"1")"));
  const Json json = ParseJson(answer.body).value();
  EXPECT_EQ(json["outputs"][0]["data"], Json({1.0, 1.0, 1.0}));
}

TEST(Server, AModelThatCannotBeLoadedKeepsItFromStarting) {
  FakeWorld world;
  const Status failure = world.Start(world.Options(4)).status();
  EXPECT_EQ(failure.message(), "the engine cannot read it");
  EXPECT_THAT(failure.place(), HasSubstr("fake:4"));
}

// Fault E10: the port
TEST(Server, APortThatIsTakenIsSaid) {
  FakeWorld world;
  const auto server = world.Start(1);
  ServerOptions options = world.Options(1);
  options.port = server->port();
  const Status refusal = world.Start(options).status();
  EXPECT_EQ(refusal.number(), errors::kAddressInUse);
  EXPECT_FALSE(refusal.hint().empty());
}

TEST(Server, ControlNeedsTheKeyOfTheStore) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient client(server->port());
  EXPECT_EQ(client.Post("/v2/repository/models/fake/unload", "{}").status, 401);
  EXPECT_EQ(client.Post(kInfer, kBody).status, 200);
  EXPECT_EQ(client.Post("/v2/repository/models/fake/unload", "{}", world.KeyHeader()).status, 200);
  EXPECT_EQ(client.Post(kInfer, kBody).status, 404);
  EXPECT_EQ(
      client.Post("/v2/repository/models/fake/load", "{}", "Authorization: Bearer slw_admin_0\r\n")
          .status,
      401);
}

TEST(Server, AFailedLoadLeavesTheRestServing) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient client(server->port());
  const auto failed = client.Post(
      "/v2/repository/models/fake/load",
      R"({"parameters":{"config":"{\"version_policy\":{\"specific\":{\"versions\":[4]}}}"}})",
      world.KeyHeader());
  EXPECT_GE(failed.status, 400) << failed.body;
  EXPECT_EQ(client.Post(kInfer, kBody).status, 200);
}

TEST(Server, ShowsWhatItCounts) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient client(server->port());
  ASSERT_EQ(client.Post(kInfer, kBody).status, 200);
  const std::string metrics = client.Get("/metrics").body;
  EXPECT_THAT(
      metrics,
      HasSubstr("slipway_requests_total{protocol=\"v2\",method=\"infer\",code=\"200\"} 1\n"));
  EXPECT_THAT(metrics,
              HasSubstr("slipway_compute_seconds_count{model=\"fake\",version=\"1\"} 1\n"));
  EXPECT_THAT(metrics,
              HasSubstr("slipway_model_state{model=\"fake\",version=\"1\",state=\"READY\"} 1\n"));
}

// Clients that ask one request after the other on one connection until they are stopped.
class Load {
 public:
  Load(std::uint16_t port, int clients) {
    for (int i = 0; i < clients; ++i)
      threads_.emplace_back([this, port](const std::stop_token& stop) { Ask(port, stop); });
  }
  ~Load() { Stop(); }

  void WaitForAnswers(int count) {
    for (int i = 0; i < count; ++i) answers_.acquire();
  }
  void Stop() { threads_.clear(); }

  int wrong() const { return wrong_; }  ///< answers other than 200
  int lost() const { return lost_; }    ///< requests without an answer on a connection that stood

 private:
  void Ask(std::uint16_t port, const std::stop_token& stop) {
    HttpTestClient client(port);
    while (client.connected() && !stop.stop_requested()) {
      const auto answer = client.Post(kInfer, kBody);
      if (answer.status == 0) {
        ++lost_;
        return;
      }
      if (answer.status != 200) ++wrong_;
      answers_.release();
      if (answer.head.find("Connection: close") != std::string::npos) return;
    }
  }

  std::atomic<int> wrong_ = 0;
  std::atomic<int> lost_ = 0;
  std::counting_semaphore<> answers_{0};
  std::vector<std::jthread> threads_;
};

// Fault D4: of a whole server
TEST(Server, LoadingAndUnloadingUnderLoadFailsNoRequest) {
  FakeWorld world;
  const auto server = world.Start(1);
  HttpTestClient admin(server->port());
  Load load(server->port(), 3);
  for (int i = 0; i < 10; ++i) {
    for (const char* version : {"2", "1"}) {
      const std::string body =
          std::string(
              R"({"parameters":{"config":"{\"version_policy\":{\"specific\":{\"versions\":[)") +
          version + R"(]}}}"}})";
      const auto answer = admin.Post("/v2/repository/models/fake/load", body, world.KeyHeader());
      ASSERT_EQ(answer.status, 200) << answer.body;
      load.WaitForAnswers(3);
    }
  }
  load.Stop();
  EXPECT_EQ(load.wrong(), 0);
  EXPECT_EQ(load.lost(), 0);
}

TEST(Server, DrainingAnswersWhatIsInFlight) {
  constexpr int kClients = 6;
  FakeWorld world;
  const auto server = world.Start(3);
  world.is_warm = true;
  std::vector<std::jthread> clients;
  std::atomic<int> answered = 0;
  std::latch sent(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      HttpTestClient client(server->port());
      client.Send(RequestText());
      sent.count_down();
      answered += client.Receive().status == 200;
    });
  }
  // Both workers hold a request; the others wait in the queue or in their sockets.
  sent.wait();
  world.slow_arrivals.acquire();
  world.slow_arrivals.acquire();
  std::promise<std::uint64_t> dropped;
  std::jthread drain([&] { dropped.set_value(server->Drain()); });
  world.release_slow.set_value();
  EXPECT_EQ(dropped.get_future().get(), 0u);
  clients.clear();
  EXPECT_EQ(answered, kClients);
}

// Fault E6: of a whole server
TEST(Server, DrainingUnderLoadLosesNothing) {
  FakeWorld world;
  const auto server = world.Start(1);
  Load load(server->port(), 4);
  load.WaitForAnswers(200);
  EXPECT_EQ(server->Drain(), 0u);
  load.Stop();
  EXPECT_EQ(load.wrong(), 0);
  EXPECT_EQ(load.lost(), 0);
}

// Fault E6: readiness first
TEST(Server, WhileItDrainsItIsNotReadyAndStillAccepts) {
  FakeWorld world;
  ServerOptions options = world.Options(1);
  options.drain_delay = std::chrono::seconds(1);
  const auto server = world.Start(options).value();
  HttpTestClient client(server->port());
  ASSERT_EQ(client.Get("/v2/health/ready").status, 200);
  std::jthread drain([&] { server->Drain(); });
  while (client.Get("/v2/health/ready").status == 200) std::this_thread::yield();
  EXPECT_EQ(client.Get("/v2/health/ready").status, 503);
  EXPECT_EQ(client.Get("/v2/health/live").status, 200);
  HttpTestClient newcomer(server->port());
  EXPECT_EQ(newcomer.Post(kInfer, kBody).status, 200);
}

// The real engine and a network that was trained on MNIST, against what its framework computed.
TEST(Server, GivesTheNumbersOfTheFramework) {
  const std::string folder = SLIPWAY_TESTDATA "/mnist/";
  const auto engine = engine::OpenOnnxRuntime({}).value();
  serve::ModelPackage package{.name = "mnist", .graph_path = folder + "mnist_tf2onnx.onnx"};
  package.manifest.signature =
      engine->Compile({.path = package.graph_path}, {}).value()->signature();
  const TensorSpec input = package.manifest.signature.inputs[0];
  const serve::FixedSource source({package});
  const TemporaryDirectory store = TemporaryDirectory::Create("slipway-server-test-").value();
  const SystemClock clock;
  const ServerOptions options =
      Decided(
          {.port = 0, .store_folder = store.path(), .models = {{.name = "mnist", .request = {}}}},
          kTwoCores, kMemory)
          .value();
  const auto server =
      Server::Start(options,
                    {.engine = *engine, .source = source, .clock = clock, .budget = kTwoCores})
          .value();

  std::map<std::string, std::vector<double>> golden;
  const std::vector<NamedTensor> arrays = ReadNpz(folder + "mnist.npz").value();
  for (const NamedTensor& array : arrays)
    golden[array.name] = ToDoubles(array.tensor.view()).value();
  constexpr std::size_t kPixels = 28 * 28;
  const Json request = {
      {"inputs",
       {{{"name", input.name},
         {"datatype", "FP32"},
         {"shape", {2, 28, 28, 1}},
         {"data", std::vector(golden["in_0"].begin(), golden["in_0"].begin() + 2 * kPixels)}}}}};
  HttpTestClient client(server->port());
  const auto answer = client.Post("/v2/models/mnist/infer", request.dump());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto numbers =
      ParseJson(answer.body).value()["outputs"][0]["data"].get<std::vector<double>>();
  ASSERT_EQ(numbers.size(), 20u);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    EXPECT_NEAR(numbers[i], golden["out_0"][i], 1e-4);
}

}  // namespace
}  // namespace slipway::server
