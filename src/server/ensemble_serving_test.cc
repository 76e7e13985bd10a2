#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "serve/control/fixed_source.h"
#include "serve/model/fake_engine.h"
#include "server/http_test_client.h"
#include "server/server.h"

namespace slipway::server {
namespace {

using serve::FakeExecutable;
using testing::HasSubstr;

const ThreadBudget kTwoCores{.cores = 2, .why = "a test"};
constexpr std::string_view kInfer = "/v2/models/pair/infer";
constexpr std::string_view kBody =
    R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]})";

/// "front" answers 1, "back" 2: f32[N,2] -> f32[N,3] and f32[N,3] -> f32[N,3].
serve::ModelPackage Member(const std::string& name) {
  serve::ModelPackage package{.name = name, .version = 1, .graph_path = name};
  package.manifest.signature = serve::FakeSignature();
  if (name == "back") package.manifest.signature.inputs[0].shape = {-1, 3};
  return package;
}

/// "pair": x -> front -> middle -> back -> y, and "middle" is an output too.
serve::ModelPackage Pair() {
  serve::ModelPackage package{.name = "pair", .version = 1};
  package.manifest.signature = serve::FakeSignature();
  package.manifest.signature.outputs.push_back({.name = "middle", .shape = {-1, 3}});
  package.manifest.ensemble.emplace();
  package.manifest.ensemble->steps = {
      {.model = "front", .version = {}, .input_map = {{"x", "x"}}, .output_map = {{"y", "middle"}}},
      {.model = "back", .version = 1, .input_map = {{"x", "middle"}}, .output_map = {{"y", "y"}}}};
  return package;
}

class EnsembleServingTest : public testing::Test {
 protected:
  EnsembleServingTest() {
    engine_.compile = [](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      const bool is_front = path == "front";
      return FakeExecutable::Behaviour{.signature = Member(path).manifest.signature,
                                       .answer = is_front ? 1.0F : 2.0F};
    };
    const ServerOptions options =
        Decided({.port = 0, .store_folder = store_.path(), .models = {{"pair", {}}}}, kTwoCores,
                std::uint64_t{1} << 30)
            .value();
    server_ =
        Server::Start(options,
                      {.engine = engine_, .source = source_, .clock = clock_, .budget = kTwoCores})
            .value();
    client_.emplace(server_->port());
  }

  Json Get(std::string_view path) { return ParseJson(client_->Get(path).body).value(); }
  std::string KeyHeader() const {
    const std::string key = ReadFile(store_.path() + "/admin.key").value();
    return "Authorization: Bearer " + std::string(Trim(key)) + "\r\n";
  }

  SystemClock clock_;
  serve::FakeEngine engine_;
  TemporaryDirectory store_ = TemporaryDirectory::Create("slipway-ensemble-test-").value();
  serve::FixedSource source_{{Member("front"), Member("back"), Pair()}};
  std::unique_ptr<Server> server_;
  std::optional<HttpTestClient> client_;
};

TEST_F(EnsembleServingTest, ItsModelsAreLoadedWithItAndItAnswers) {
  const auto answer = client_->Post(kInfer, kBody);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = ParseJson(answer.body).value();
  EXPECT_EQ(json["model_name"], "pair");
  EXPECT_EQ(json["outputs"][0]["name"], "y");
  EXPECT_EQ(json["outputs"][0]["data"], Json({2.0, 2.0, 2.0}));
  EXPECT_EQ(json["outputs"][1]["name"], "middle");
  EXPECT_EQ(json["outputs"][1]["data"], Json({1.0, 1.0, 1.0}));
  EXPECT_EQ(client_->Post("/v2/models/front/infer", kBody).status, 200);
}

TEST_F(EnsembleServingTest, ItIsShownAsTritonShowsEnsembles) {
  EXPECT_EQ(Get("/v2/models/pair")["platform"], "ensemble");
  const Json config = Get("/v2/models/pair/config");
  EXPECT_EQ(config["platform"], "ensemble");
  EXPECT_EQ(config["backend"], "");
  EXPECT_EQ(config["ensemble_scheduling"]["step"],
            ParseJson(R"([{"model_name":"front","model_version":-1,
                           "input_map":{"x":"x"},"output_map":{"y":"middle"}},
                          {"model_name":"back","model_version":1,
                           "input_map":{"x":"middle"},"output_map":{"y":"y"}}])")
                .value());
  EXPECT_FALSE(Get("/v2/models/front/config").contains("ensemble_scheduling"));
}

TEST_F(EnsembleServingTest, ItAndItsModelsAreCounted) {
  ASSERT_EQ(client_->Post(kInfer, kBody).status, 200);
  for (const std::string name : {"pair", "front", "back"}) {
    const Json stats = Get("/v2/models/" + name + "/stats")["model_stats"][0];
    EXPECT_EQ(stats["inference_count"], 1) << name;
    EXPECT_EQ(stats["execution_count"], 1) << name;
    EXPECT_EQ(stats["inference_stats"]["success"]["count"], 1) << name;
  }
}

TEST_F(EnsembleServingTest, WithoutAModelOfItItIsNotReadyAndSaysWhy) {
  ASSERT_EQ(client_->Post("/v2/repository/models/back/unload", "", KeyHeader()).status, 200);
  EXPECT_NE(client_->Get("/v2/models/pair/ready").status, 200);
  const auto answer = client_->Post(kInfer, kBody);
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(ParseJson(answer.body).value()["error"].get<std::string>(),
              HasSubstr("step 1 (model \"back\")"));
  EXPECT_THAT(client_->Post("/v2/repository/index", "", KeyHeader()).body, HasSubstr("step 1"));
  ASSERT_EQ(client_->Post("/v2/repository/models/back/load", "", KeyHeader()).status, 200);
  EXPECT_EQ(client_->Post(kInfer, kBody).status, 200);
}

}  // namespace
}  // namespace slipway::server
