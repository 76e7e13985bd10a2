#include "serve/http/http_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "access/fake_gatekeeper.h"
#include "access/grant_file.h"
#include "base/file.h"
#include "base/json.h"
#include "base/recent_log.h"
#include "base/text.h"
#include "serve/http/api_world.h"
#include "serve/http/page_files.h"
#include "serve/http/routes.h"
#include "serve/http/status_mapping.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string OpenApiText() {
  for (const EmbeddedFile& file : PageFiles()) {
    if (file.name == "openapi.json") return std::string(file.content);
  }
  return "";
}

TEST(HttpApi, OpenApiHasTheRoutesAndNoOthers) {
  const Json document = ParseJson(OpenApiText()).value();
  std::set<std::string> described;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "get" || method == "post") described.insert(method + " " + path);
    }
  }
  std::set<std::string> served;
  for (const Route& route : Routes()) {
    served.insert(ToLower(net::MethodName(route.method)) + " " + std::string(route.pattern));
  }
  EXPECT_EQ(described, served);
}

TEST(HttpApi, KnowsPathsAndMethodsApart) {
  ApiWorld world;
  EXPECT_EQ(world.Ask("GET", "/nothing").Line(), R"(404 {"error":"Not Found"})");
  const WorldAnswer wrong = world.Ask("GET", "/v2/models/row/infer");
  EXPECT_EQ(wrong.Line(), R"(405 {"error":"Method Not Allowed"})");
  EXPECT_EQ(wrong.Header("Allow"), "POST");
  EXPECT_EQ(world.Ask("TRACE", "/").status, 405);
  EXPECT_EQ(world.Ask("BREW", "/pot").status, 501);
  EXPECT_EQ(world.Ask("HEAD", "/v2/health/live").status, 200);
}

TEST(HttpApi, ServesPageMetricsAndDocument) {
  ApiWorld world;
  EXPECT_THAT(world.Ask("GET", "/").body, HasSubstr("<!doctype html>"));
  EXPECT_EQ(world.Ask("GET", "/metrics").body, "slipway_up 1\n");
  EXPECT_EQ(world.Ask("GET", "/monitoring/prometheus/metrics").status, 200);
  EXPECT_EQ(world.Ask("GET", "/openapi.json").body, OpenApiText());
  EXPECT_EQ(world.Ask("GET", "/page/page.js").status, 200);
  EXPECT_EQ(world.Ask("GET", "/page/nothing.js").status, 404);
  EXPECT_THAT(world.Ask("GET", "/page/models").body, HasSubstr(R"("name":"row")"));
}

TEST(HttpApi, AdminRoutesWantTheKey) {
  ApiWorld world;
  const std::vector<net::Header> key = {{"Authorization", "Bearer " + std::string(ApiWorld::kKey)}};
  for (const char* path : {"/v2/repository/index", "/v2/repository/models/row/load",
                           "/v2/repository/models/row/unload"}) {
    const WorldAnswer refused = world.Ask("POST", path, "{}");
    EXPECT_EQ(refused.status, 401) << path;
    EXPECT_TRUE(world.plan.reject.has_value()) << path;
    EXPECT_EQ(refused.Header("Content-Type"), "application/problem+json");
    EXPECT_EQ(ParseJson(refused.body).value()["code"], "SLIPWAY-E5004");
    EXPECT_EQ(world.Ask("POST", path, "", key).status, 200) << path;
  }
  EXPECT_EQ(world.Ask("GET", "/v2/config").status, 200);
  ApiWorld open(access::Openness::kToInference);
  EXPECT_EQ(open.Ask("GET", "/v2/config").status, 401);
  EXPECT_EQ(open.Ask("GET", "/v2/config", "", key).status, 200);
}

TEST(HttpApi, ShowsItsLogAsItsConfiguration) {
  ApiWorld world;
  KeepRecentLog(LogLevel::kInfo);
  const std::uint64_t before = RecentLogAfter(0, 0).last;
  Log(LogLevel::kInfo, "something happened");
  const auto answer = world.Ask("GET", fmt::format("/v2/log?after={}", before));
  KeepRecentLog(LogLevel::kOff);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("something happened"));
  EXPECT_EQ(world.Ask("GET", "/v2/log?after=soon").status, 400);
  ApiWorld open(access::Openness::kToInference);
  EXPECT_EQ(open.Ask("GET", "/v2/log").status, 401);
}

/// A path of the route, its names filled in.
std::string PathOf(const Route& route) {
  std::string path;
  for (std::size_t i = 0; i < route.pattern.size(); ++i) {
    if (route.pattern[i] != '{') {
      path += route.pattern[i];
      continue;
    }
    const std::size_t end = route.pattern.find('}', i);
    const std::string_view name = route.pattern.substr(i + 1, end - i - 1);
    path += name == "version" ? "1" : name == "file" ? "page.js" : "row";
    i = end;
  }
  return path;
}

std::string MethodOf(const Route& route) {
  return route.method == net::Method::kPost ? "POST" : "GET";
}

class KeysOfEveryRole : public testing::Test {
 protected:
  std::string Make(access::Role role) {
    return Make({.name = std::string(access::RoleName(role)), .roles = {role}});
  }
  std::string Make(access::GrantTerms terms) {
    return access::AddKey(store_.path(), std::move(terms), 0).value().text;
  }
  ApiWorld World(access::Openness openness, const access::Quota& anonymous = {}) const {
    const access::GateRules rules{.openness = openness, .anonymous = anonymous};
    return ApiWorld(access::Gatekeeper::ForStore(store_.path(), rules, clock_).value());
  }

 private:
  TemporaryDirectory store_ = TemporaryDirectory::Create("keys").value();
  SystemClock clock_;
};

// Bad input S5: every route with a key of every role, and with none
TEST_F(KeysOfEveryRole, OpenTheirRoutesAndNoOthers) {
  const access::Openness kOpennesses[] = {access::Openness::kToThisMachine,
                                          access::Openness::kToInference,
                                          access::Openness::kToNobody};
  for (const access::Role role : access::kRoles) {
    const std::vector<net::Header> key = {{"Authorization", "Bearer " + Make(role)}};
    for (const access::Openness openness : kOpennesses) {
      ApiWorld world = World(openness);
      for (const Route& route : Routes()) {
        const bool is_open = access::IsOpen(openness, route.right);
        const int without = world.Ask(MethodOf(route), PathOf(route)).status;
        EXPECT_EQ(without == 401, !is_open) << route.pattern;
        const int with = world.Ask(MethodOf(route), PathOf(route), "", key).status;
        EXPECT_EQ(with == 403, !is_open && !access::Includes(role, route.right))
            << route.pattern << " as " << access::RoleName(role);
        EXPECT_NE(with, 401) << route.pattern;
      }
    }
  }
}

// Bad input S4: two Authorization headers, Basic and Bearer, a good key beside a bad one
TEST_F(KeysOfEveryRole, ARequestPresentsOneKey) {
  const std::string good = Make(access::Role::kAdmin);
  ApiWorld world = World(access::Openness::kToNobody);
  const std::vector<std::vector<net::Header>> refused = {
      {{"Authorization", "Bearer " + good}, {"Authorization", "Bearer " + good}},
      {{"Authorization", "Basic dXNlcjpwYXNz"}, {"Authorization", "Bearer " + good}},
      {{"Authorization", "Basic dXNlcjpwYXNz"}, {"Slipway-Key", good}},
      {{"Authorization", "Bearer nothing"}, {"Slipway-Key", good}},
      {{"Slipway-Key", good}, {"Slipway-Admin-Key", good}},
      {{"Authorization", "Bearer"}},
      {{"Authorization", "Bearer " + good.substr(0, good.size() - 1)}},
      {{"Slipway-Key", ""}},
  };
  for (const auto& headers : refused)
    EXPECT_EQ(world.Ask("GET", "/v2", "", headers).status, 401) << headers.front().second;
  EXPECT_EQ(world.Ask("GET", "/v2", "", {{"Slipway-Key", good}}).status, 200);
}

TEST_F(KeysOfEveryRole, AQuotaThatIsUsedUpIsSaidWithWhenToAskAgain) {
  const std::string key = Make({.name = "shop",
                                .roles = {access::Role::kRead},
                                .quota = {.rate = {.per_second = 0.25, .burst = 1}}});
  ApiWorld world = World(access::Openness::kToNobody);
  EXPECT_EQ(world.Ask("GET", "/v2", "", {{"Slipway-Key", key}}).status, 200);
  const WorldAnswer refused = world.Ask("GET", "/v2/models", "", {{"Slipway-Key", key}});
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("Retry-After"), "4");
  EXPECT_EQ(std::ranges::count(refused.headers, "Retry-After", &net::Header::first), 1);
  EXPECT_THAT(refused.body, HasSubstr("shop"));
  EXPECT_EQ(world.Ask("GET", "/v2/health/live").status, 200);
}

TEST_F(KeysOfEveryRole, CallersWithoutAKeyHaveAQuotaByAddress) {
  ApiWorld world = World(access::Openness::kToThisMachine, {.rate = {.per_second = 1e-3}});
  EXPECT_EQ(world.Ask("GET", "/v2").status, 200);
  EXPECT_EQ(world.Ask("GET", "/v2").status, 429);
  EXPECT_EQ(world.Ask("GET", "/v2", "", {{"Slipway-Key", "wrong"}}).status, 401);
  EXPECT_EQ(world.Ask("GET", "/").status, 200);
}

TEST_F(KeysOfEveryRole, APlaceInFlightIsFreeOnceItsRequestIsAnswered) {
  const std::string key =
      Make({.name = "shop", .roles = {access::Role::kRead}, .quota = {.in_flight = 1}});
  ApiWorld world = World(access::Openness::kToNobody);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(world.Ask("GET", "/v2", "", {{"Slipway-Key", key}}).status, 200);
}

TEST(HttpApi, ALoginIsCheckedBeforeItsRequestIsServed) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  gate->at_once = true;
  ApiWorld world(gate);
  gate->verdict = access::FakeGatekeeper::Admitted();
  EXPECT_EQ(world.Ask("GET", "/v2").status, 200);
  gate->verdict = {.status = Unauthenticated("wrong")};
  EXPECT_EQ(world.Ask("GET", "/v2").status, 401);
  gate->verdict = {.status = Unavailable("many wait"), .retry_after = std::chrono::seconds(2)};
  const WorldAnswer refused = world.Ask("GET", "/v2");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Retry-After"), "2");
}

// Bad input J15: fields that are the server's to write
TEST(HttpApi, AdminRoutesRefuseFieldsTheyDoNotKnow) {
  ApiWorld world;
  const std::vector<net::Header> key = {{"Slipway-Admin-Key", std::string(ApiWorld::kKey)}};
  for (const char* field : {"owner", "created_by", "state", "signature_verified"}) {
    const WorldAnswer answer =
        world.Ask("POST", "/v2/repository/models/row/load",
                  std::string(R"({"parameters":{")") + field + R"(":"x"}})", key);
    EXPECT_EQ(answer.status, 400) << field;
    EXPECT_THAT(answer.body, HasSubstr(field));
  }
}

// Bad input J1: nesting on admin routes
TEST(HttpApi, AdminRoutesBoundTheDepth) {
  ApiWorld world;
  const std::vector<net::Header> key = {{"Slipway-Admin-Key", std::string(ApiWorld::kKey)}};
  for (const std::size_t depth : {std::size_t{101}, std::size_t{250'000}}) {
    EXPECT_EQ(world.Ask("POST", "/v2/repository/index", std::string(depth, '['), key).status, 400);
  }
}

TEST(HttpApi, BoundsTheBodyByRoute) {
  ApiWorld world;
  world.Ask("POST", "/v2/models/row/infer", "{}");
  EXPECT_EQ(world.plan.max_bytes, 64u * 1024 * 1024);
  world.Ask("POST", "/v2/repository/index", "",
            {{"Slipway-Admin-Key", std::string(ApiWorld::kKey)}});
  EXPECT_EQ(world.plan.max_bytes, 1024u * 1024);
}

TEST(HttpApi, CountsAnswersByRoute) {
  ApiWorld world;
  world.Ask("GET", "/v2/health/live");
  world.Ask("GET", "/v2/models/nothing");
  world.Ask("GET", "/nothing");
  std::string counted;
  for (const RequestMetrics::Snapshot& series : world.api().requests().Snapshots()) {
    counted += std::string(series.name.protocol) + "." + std::string(series.name.method) + " " +
               std::to_string(series.codes[0].code) + ";";
  }
  EXPECT_EQ(counted, "v2.live 200;v2.metadata 404;other.unknown 404;");
}

TEST(HttpApi, AnObserverHearsOfEveryAnswer) {
  ApiWorld world;
  const std::string row =
      R"("inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}])";
  (void)world.Ask("POST", "/v2/models/row/infer?secret=1", "{\"id\":\"r-1\"," + row + "}");
  (void)world.Ask("POST", "/v2/models/row/infer", "{\"id\":\"r-1\"," + row + "}",
                  {{"X-Request-Id", "mine"}});
  (void)world.Ask("POST", "/v1/models/row:predict", R"({"instances":[[1,2,3],[4,5,6]]})");
  (void)world.Ask("POST", "/v2/models/row/infer", "{}");
  (void)world.Ask("GET", "/nothing");
  (void)world.Ask("POST", "/v2/repository/models/row/load", "");
  EXPECT_THAT(world.heard.lines(),
              testing::ElementsAre(
                  "v2 infer POST /v2/models/row/infer 200 row:2 rows 1 id r-1 anonymous",
                  "v2 infer POST /v2/models/row/infer 200 row:2 rows 1 id mine anonymous",
                  "tfserving predict POST /v1/models/row:predict 200 row:2 rows 2 anonymous",
                  "v2 infer POST /v2/models/row/infer 400 row:0 anonymous",
                  "other unknown GET /nothing 404 anonymous",
                  "admin load POST /v2/repository/models/row/load 401 row:0 anonymous"));
}

TEST(HttpApi, AnObserverIsToldHowManyBytesAndHowLong) {
  ApiWorld world;
  const std::string body = R"({"instances":[[1,2,3]]})";
  const std::string answer = world.Ask("POST", "/v1/models/row:predict", body).body;
  EXPECT_EQ(world.heard.bytes(), body.size() * 1000 + answer.size());
  EXPECT_GT(world.heard.computed().count(), 0);
  EXPECT_EQ(world.Model("row")->counters().EncodeTimes().Count(), 1U);
}

TEST(HttpApi, ATraceStateIsThatOfAllItsHeaders) {
  ApiWorld world;
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  (void)world.Ask("GET", "/v2/health/live", "",
                  {{"traceparent", parent}, {"tracestate", "a=1"}, {"Tracestate", "b=2"}});
  (void)world.Ask("GET", "/v2/health/live", "", {{"tracestate", "a=1"}});
  EXPECT_THAT(world.heard.lines(),
              testing::ElementsAre("v2 live GET /v2/health/live 200 state a=1,b=2 anonymous",
                                   "v2 live GET /v2/health/live 200 anonymous"));
}

TEST(HttpApi, AClientsTimeoutIsADeadline) {
  ApiWorld world;
  const std::string body =
      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]})";
  const auto with_timeout = [&](const std::string& timeout) {
    return world.Ask("POST", "/v2/models/row/infer", body, {{"Slipway-Timeout", timeout}}).status;
  };
  EXPECT_EQ(with_timeout("0n"), 504);
  EXPECT_EQ(with_timeout("10S"), 200);
  EXPECT_EQ(with_timeout("99999999H"), 200);
  for (const char* timeout : {"", "S", "10", "-1S", "1.5S", "10s", "123456789S"})
    EXPECT_EQ(with_timeout(timeout), 400) << timeout;
}

TEST(HttpApi, ABodyIsNotReadWhereThereIsNoRoomForIt) {
  ApiWorld world;
  const auto ask = [&](std::string_view path, std::size_t bytes) {
    return world.Ask("POST", std::string(path), std::string(bytes, 'x')).status;
  };
  EXPECT_EQ(ask("/v2/models/row/infer", 100'000), 400);  // it was read, and is no JSON
  world.Model("row")->counters().waiting().Add(256);
  EXPECT_EQ(ask("/v2/models/row/infer", 100'000), 503);
  EXPECT_EQ(ask("/v2/models/row/versions/2/infer", 100'000), 503);
  EXPECT_EQ(ask("/v2/models/row/versions/1/infer", 100'000), 400);
  EXPECT_EQ(ask("/v2/models/row/infer", 100), 503);
  EXPECT_EQ(ask("/v2/models/nobody/infer", 100'000), 404);
  world.Model("row")->counters().waiting().Add(-256);
}

TEST(HttpApi, AShortBodyIsReadWhereItMayAskForMoreTime) {
  ApiWorld world;
  const ModelHandle model = world.Model("row");
  model->NoteRun(1, 1, std::chrono::minutes(1));
  model->counters().waiting().Add(100);
  const auto ask = [&](std::size_t bytes) {
    return world.Ask("POST", "/v2/models/row/infer", std::string(bytes, 'x')).status;
  };
  EXPECT_EQ(ask(100'000), 503);
  EXPECT_EQ(ask(100), 400);
  model->counters().waiting().Add(-100);
}

TEST(HttpApi, WhetherThereIsRoomIsToldToThoseWhoseLoginWasChecked) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  gate->at_once = true;
  ApiWorld world(gate);
  world.Model("row")->counters().waiting().Add(256);
  const auto ask = [&](access::Admission verdict) {
    gate->verdict = std::move(verdict);
    return world.Ask("POST", "/v2/models/row/infer", std::string(100'000, 'x')).status;
  };
  EXPECT_EQ(ask({.status = Unauthenticated("wrong")}), 401);
  EXPECT_EQ(ask(access::FakeGatekeeper::Admitted()), 400);  // it was read, and is no JSON
  world.Model("row")->counters().waiting().Add(-256);
}

TEST(StatusMapping, HasOneCodeForEveryKindOfFailure) {
  EXPECT_EQ(HttpCode(InvalidArgument("")), 400);
  EXPECT_EQ(HttpCode(NotFound("")), 404);
  EXPECT_EQ(HttpCode(Unavailable("")), 503);
  EXPECT_EQ(HttpCode(DeadlineExceeded("")), 504);
  EXPECT_EQ(HttpCode(InvalidArgument("").With(errors::kBodyTooLarge)), 413);
  EXPECT_EQ(HttpCode(InvalidArgument("").With(errors::kInvalidPackage)), 422);
  const net::Response busy = ErrorAnswer(Unavailable("full"), ErrorForm::kPlain);
  EXPECT_EQ(busy.headers.back(), net::ResponseHeader("Retry-After", "1"));
}

TEST(StatusMapping, AProblemSaysWhereAndWhatToDo) {
  ApiWorld world;
  const WorldAnswer answer = world.Ask("POST", "/v2/models/row/infer", R"({"inputs":[{"name":7}]})",
                                       {{"Accept", "application/problem+json"}});
  const Json problem = ParseJson(answer.body).value();
  EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json");
  EXPECT_EQ(problem["pointer"], "/inputs/0/name");
  EXPECT_EQ(problem["code"], "SLIPWAY-E2102");
  EXPECT_EQ(problem["status"], 400);
  EXPECT_EQ(problem["detail"], "expected a string, got a number");
}

}  // namespace
}  // namespace slipway::serve
