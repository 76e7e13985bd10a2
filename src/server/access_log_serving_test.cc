#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "serve/control/fixed_source.h"
#include "serve/model/fake_engine.h"
#include "server/http_test_client.h"
#include "server/request_watch.h"
#include "server/server.h"

// What a server writes down of its requests.

namespace slipway::server {
namespace {

constexpr std::string_view kInfer = "/v2/models/fake/infer";
constexpr std::string_view kBody =
    R"({"id":"r-1","inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]})";

serve::ModelPackage FakePackage() {
  serve::ModelPackage package{.name = "fake", .version = 1, .graph_path = "one.onnx"};
  package.manifest.signature = serve::FakeSignature();
  return package;
}

class AccessLogServing : public testing::Test {
 protected:
  AccessLogServing() {
    engine_.compile = [](const std::string&) -> Result<serve::FakeExecutable::Behaviour> {
      return serve::FakeExecutable::Behaviour{.signature = serve::FakeSignature()};
    };
  }

  ServerOptions Options() const {
    return Decided({.port = 0,
                    .access_log = {.path = log_path()},
                    .store_folder = folder_.path(),
                    .models = {{.name = "fake", .request = {}}}},
                   budget_, std::uint64_t{1} << 30)
        .value();
  }
  std::unique_ptr<Server> Start(const ServerOptions& options) {
    return Server::Start(options,
                         {.engine = engine_, .source = source_, .clock = clock_, .budget = budget_})
        .value();
  }
  std::string log_path() const { return folder_.path() + "/access.log"; }
  std::vector<Json> Lines() const {
    std::vector<Json> lines;
    const std::string text = ReadFile(log_path()).value();
    for (const std::string_view line : Split(Trim(text), '\n'))
      lines.push_back(ParseJson(line).value());
    return lines;
  }

 private:
  const ThreadBudget budget_{.cores = 2, .why = "a test"};
  serve::FakeEngine engine_;
  SystemClock clock_;
  TemporaryDirectory folder_ = TemporaryDirectory::Create("access-log").value();
  serve::FixedSource source_{{FakePackage()}};
};

TEST_F(AccessLogServing, EveryRequestHasItsLineWhenTheServerHasEnded) {
  auto server = Start(Options());
  HttpTestClient client(server->port());
  ASSERT_EQ(client.Post(kInfer, kBody).status, 200);
  ASSERT_EQ(client.Get("/v2/health/live?token=secret").status, 200);
  ASSERT_EQ(client.Post(kInfer, "{").status, 400);
  server.reset();
  const std::vector<Json> lines = Lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["request_id"], "r-1");
  EXPECT_EQ(lines[0]["model"], "fake");
  EXPECT_EQ(lines[0]["version"], 1);
  EXPECT_EQ(lines[0]["bytes_in"], kBody.size());
  EXPECT_EQ(lines[0]["batch_rows"], 1);
  EXPECT_GE(lines[0]["total_seconds"].get<double>(), lines[0]["compute_seconds"].get<double>());
  EXPECT_EQ(lines[1]["path"], "/v2/health/live") << "a query may hold secrets";
  EXPECT_EQ(lines[2]["code"], 400);
}

// Fault A3: under the access log
// Fault E12: a log that cannot be written
TEST_F(AccessLogServing, ALogThatCannotBeWrittenCostsNoRequest) {
  ServerOptions options = Options();
  options.access_log.path = "/dev/full";
  const auto server = Start(options);
  HttpTestClient client(server->port());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client.Post(kInfer, kBody).status, 200);
  EXPECT_NE(client.Get("/metrics").body.find("slipway_access_log_lost_total"), std::string::npos);
}

TEST_F(AccessLogServing, AServerWhoseLogCannotBeOpenedDoesNotStart) {
  ServerOptions options = Options();
  options.access_log.path = options.store_folder + "/none/access.log";
  EXPECT_FALSE(RequestWatch::Start(options, SystemClock()).ok());
}

}  // namespace
}  // namespace slipway::server
