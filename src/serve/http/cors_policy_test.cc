#include "serve/http/cors_policy.h"

#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "serve/http/api_world.h"

namespace slipway::serve {
namespace {

Result<CorsPolicy> Policy(std::vector<std::string> origins) {
  return CorsPolicy::ForOrigins(origins);
}

TEST(CorsPolicy, TakesOriginsAsBrowsersWriteThem) {
  for (const char* const origin : {"https://shop.example", "http://localhost:5173",
                                   "https://[2001:db8::1]:8443", "http://10.0.0.7"})
    EXPECT_TRUE(Policy({origin}).ok()) << origin;
}

TEST(CorsPolicy, RefusesWhatNoBrowserWouldSend) {
  for (const char* const origin : {"",
                                   "*",
                                   "null",
                                   "shop.example",
                                   "https://",
                                   "https://*",
                                   "https://shop.example/",
                                   "https://shop.example/path",
                                   "https://Shop.example",
                                   "https://user@shop.example",
                                   "https://shop.example:443",
                                   "http://shop.example:80",
                                   "https://shop.example:0",
                                   "https://shop.example:70000",
                                   "https://shop.example:",
                                   "https://shop.example:08",
                                   "https://[::1",
                                   "https://a b",
                                   "file:///x",
                                   "https://shop.example\r\nSet-Cookie: a"})
    EXPECT_EQ(Policy({origin}).status().number(), errors::kUsage) << origin;
  EXPECT_FALSE(CorsPolicy::ForOrigins(std::vector<std::string>(65, "http://a")).ok());
}

class Cors : public testing::Test {
 protected:
  static std::vector<net::Header> Preflight(std::string origin) {
    return {{"Origin", std::move(origin)},
            {"Access-Control-Request-Method", "POST"},
            {"Access-Control-Request-Headers", "slipway-key"}};
  }
  static bool HasCors(const WorldAnswer& answer) {
    return std::ranges::any_of(answer.headers, [](const net::Header& header) {
      return header.first.starts_with("Access-Control-");
    });
  }

  ApiWorld world{access::Openness::kToNobody,
                 Policy({"https://shop.example", "http://localhost:5173"}).value()};
};

TEST_F(Cors, AnswersAPreflightOfAListedOriginWithoutAKey) {
  const WorldAnswer answer =
      world.Ask("OPTIONS", "/v2/models/row/infer", "", Preflight("https://shop.example"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Methods"), "GET, HEAD, POST");
  EXPECT_NE(answer.Header("Access-Control-Allow-Headers").find("Slipway-Key"), std::string::npos);
  EXPECT_EQ(answer.Header("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(answer.Header("Vary"), "Origin");
}

// Bad input H25: with a list, an origin that is not in it, or null, learns nothing
TEST_F(Cors, TellsNobodyElse) {
  for (const char* const origin :
       {"https://evil.example", "null", "*", "https://shop.example.evil", "http://shop.example",
        "https://shop.example:8443", "HTTPS://SHOP.EXAMPLE", "https://shop.example, null", ""}) {
    const WorldAnswer asked = world.Ask("OPTIONS", "/v2/models/row/infer", "", Preflight(origin));
    EXPECT_EQ(asked.status, 405) << origin;
    EXPECT_FALSE(HasCors(asked)) << origin;
    EXPECT_EQ(asked.Header("Vary"), "Origin") << origin;
    EXPECT_FALSE(HasCors(world.Ask("GET", "/v2/health/live", "", {{"Origin", origin}}))) << origin;
  }
  const WorldAnswer two =
      world.Ask("GET", "/v2/health/live", "",
                {{"Origin", "https://shop.example"}, {"Origin", "https://evil.example"}});
  EXPECT_FALSE(HasCors(two));
}

TEST_F(Cors, LetsAListedPageReadAnswersAndRefusals) {
  const std::vector<net::Header> page = {{"Origin", "http://localhost:5173"}};
  for (const char* const target : {"/v2/health/live", "/v2/models/row", "/nothing"}) {
    const WorldAnswer answer = world.Ask("GET", target, "", page);
    EXPECT_EQ(answer.Header("Access-Control-Allow-Origin"), "http://localhost:5173") << target;
    EXPECT_EQ(answer.Header("Vary"), "Origin") << target;
  }
  EXPECT_EQ(world.Ask("GET", "/v2/models/row", "", page).status, 401) << "it opens nothing";
}

TEST_F(Cors, IsNotMentionedWithoutAList) {
  ApiWorld silent;
  const WorldAnswer asked =
      silent.Ask("OPTIONS", "/v2/models/row/infer", "", Preflight("https://shop.example"));
  EXPECT_EQ(asked.status, 405);
  EXPECT_FALSE(HasCors(asked));
  EXPECT_EQ(asked.Header("Vary"), "");
}

}  // namespace
}  // namespace slipway::serve
