#include "net/client/http_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::net {
namespace {

TEST(HttpUrl, SplitsHostPortAndPath) {
  const Result<HttpUrl> url = ParseHttpUrl("http://localhost:8080/v2/models/mnist?x=1");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "localhost");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->path, "/v2/models/mnist?x=1");
  EXPECT_EQ(url->Authority(), "localhost:8080");
}

TEST(HttpUrl, PortAndPathMayBeAbsent) {
  const Result<HttpUrl> url = ParseHttpUrl("HTTP://example.org");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->path, "");
}

TEST(HttpUrl, SchemeMayBeAbsent) {
  const Result<HttpUrl> url = ParseHttpUrl("127.0.0.1:8081");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->Authority(), "127.0.0.1:8081");
}

TEST(HttpUrl, ASocketOfThisMachineHasAPath) {
  const Result<HttpUrl> url = ParseHttpUrl("unix:/run/slipway/admin.sock");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->socket_path, "/run/slipway/admin.sock");
  EXPECT_EQ(url->Authority(), "localhost:80");
  EXPECT_EQ(url->Origin(), "unix:/run/slipway/admin.sock");
  EXPECT_EQ(ParseHttpUrl("unix:").status().number(), errors::kUsage);
}

TEST(HttpUrl, Ipv6AddressesStandInBrackets) {
  const Result<HttpUrl> url = ParseHttpUrl("http://[::1]:8080/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->Authority(), "[::1]:8080");
}

TEST(HttpUrl, RefusesWhatIsNoUrlOfAServer) {
  for (const char* text :
       {"", "http://", "http://:80", "http://host:", "http://host:0", "http://host:65536",
        "http://host:8o", "http://user@host", "http://ho st", "http://[::1", "http://[::1]x",
        "http://host/a b", "http://host/a\r\nX: y", "http://host/#a"}) {
    const Result<HttpUrl> url = ParseHttpUrl(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.status().number(), errors::kUsage) << text;
    EXPECT_FALSE(url.status().hint().empty()) << text;
  }
}

TEST(HttpUrl, SchemeTellsTlsAndThePort) {
  const Result<HttpUrl> url = ParseHttpUrl("HTTPS://host/v2");
  ASSERT_TRUE(url.ok());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->Origin(), "https://host:443");
  EXPECT_EQ(ParseHttpUrl("host:80")->Origin(), "http://host:80");
}

TEST(HttpUrl, OtherSchemesAreNotSupported) {
  const Result<HttpUrl> url = ParseHttpUrl("ftp://host");
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.status().code(), Code::kUnimplemented);
  EXPECT_THAT(url.status().message(), testing::HasSubstr("ftp"));
}

TEST(HttpUrl, IsToldFromPathsAndReferences) {
  EXPECT_TRUE(LooksLikeUrl("http://127.0.0.1:8080/v2/models/a"));
  EXPECT_TRUE(LooksLikeUrl("https://host"));
  for (const char* text : {"mnist:3", "model.onnx", "./a://b", "mnist@sha256:00", "://x", "a/b"})
    EXPECT_FALSE(LooksLikeUrl(text)) << text;
}

}  // namespace
}  // namespace slipway::net
