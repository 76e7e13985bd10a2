// What a client may send that it must not: raw bytes against a whole server.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/content_coding.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The statuses of all answers in what a server sent.
std::vector<int> StatusesIn(std::string_view text) {
  constexpr std::string_view kStart = "HTTP/1.1 ";
  std::vector<int> statuses;
  for (std::size_t at = text.find(kStart); at != std::string_view::npos;
       at = text.find(kStart, at + 1)) {
    const std::string_view digits = text.substr(at + kStart.size(), 3);
    if (digits[0] < '0' || digits[0] > '9') continue;  // an error's text
    statuses.push_back((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
  }
  return statuses;
}

std::string Line(std::string_view header) {
  return fmt::format("POST /a HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", header);
}

std::string Compressed(ContentCoding coding, std::string text) {
  const std::vector<BodyPart> body = {BodyPart::Of(std::move(text))};
  return Compress(coding, body).value();
}

std::string PostCoded(std::string_view coding, std::string_view body) {
  return fmt::format(
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n\r\n{}", coding,
      body.size(), body);
}

std::string PostChunked(std::string_view chunks) {
  return fmt::format("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunks);
}

// A sanitizer keeps what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMostGrowth = 1024 * 1024;
#else
constexpr long kMostGrowth = 1024;
#endif

/// Kilobytes of this process in memory.
long ResidentKilobytes() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

class HttpFraming : public testing::Test {
 protected:
  ~HttpFraming() override {
    RawClient client(Port());
    EXPECT_EQ(client.Ask("GET /alive HTTP/1.1\r\nHost: a\r\n\r\n").body, "GET alive ? []")
        << "a good request after it gets its known answer";
  }

  /// Of the server, which the first call starts.
  std::uint16_t Port() {
    if (!server_) server_ = StartServer(service_);
    return server_->port();
  }

  /// All that the server says to these bytes, until it closes.
  std::string Say(std::string_view bytes) {
    RawClient client(Port());
    client.Send(bytes);
    client.FinishSending();
    return client.ReceiveAll();
  }
  std::vector<int> Statuses(std::string_view bytes) { return StatusesIn(Say(bytes)); }
  /// One status, and the connection is closed though the client would go on.
  int RefusedWith(std::string_view bytes) {
    RawClient client(Port());
    client.Send(bytes);
    const RawClient::Answer answer = client.Receive();
    EXPECT_EQ(answer.Header("Connection"), "close") << bytes.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":\""));
    return answer.status;
  }

  TestService service_;
  std::unique_ptr<HttpServer> server_;
};

// Bad input H1: Content-Length and Transfer-Encoding together are ambiguous
TEST_F(HttpFraming, TwoWaysToTellTheLengthAreRefused) {
  const std::string smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string_view headers : {"Content-Length: 5\r\nTransfer-Encoding: chunked",
                                         "Transfer-Encoding: chunked\r\nContent-Length: 5",
                                         "Content-Length: 5\r\nTransfer-Encoding: identity"}) {
    const std::string answer = Say(Line(headers) + smuggled);
    EXPECT_THAT(StatusesIn(answer), ElementsAre(400)) << headers;
    EXPECT_THAT(answer, HasSubstr("ambiguous body length"));
  }
}

// Bad input H2: two different Content-Length are refused
// Bad input H3: two equal Content-Length are refused
TEST_F(HttpFraming, MoreThanOneContentLengthIsRefused) {
  for (const std::string_view headers :
       {"Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6", "Content-Length: 5, 5",
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: ", "Content-Length: -5",
        "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5 5",
        "Content-Length: 99999999999999999999"}) {
    EXPECT_EQ(RefusedWith(Line(headers) + "12345"), 400) << headers;
  }
}

// Bad input H4: Transfer-Encoding other than exactly "chunked" is refused
TEST_F(HttpFraming, AnyOtherTransferEncodingIsRefused) {
  const std::string smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string_view headers :
       {"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \x0b"
        "chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: "}) {
    EXPECT_THAT(Statuses(Line(headers) + smuggled), ElementsAre(400)) << headers;
  }
}

// Bad input H5: a chunked body in HTTP/1.0 is refused
TEST_F(HttpFraming, ChunksInHttp10AreRefused) {
  EXPECT_EQ(RefusedWith("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

// Bad input H6: a chunk size that is not one to sixteen hexadecimal digits is refused
TEST_F(HttpFraming, AChunkSizeIsHexadecimalAndNothingElse) {
  for (const std::string_view size :
       {"-2", "+5", "0x5", "5_0", "11111111111111111", "", " 5", "5 ", "g", "5\t", "\xff"}) {
    EXPECT_EQ(RefusedWith(PostChunked(fmt::format("{}\r\nhello\r\n0\r\n\r\n", size))), 400) << size;
  }
  for (const std::string_view chunks :
       {"5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n", "5\rXhello\r\n0\r\n\r\n"}) {
    EXPECT_EQ(RefusedWith(PostChunked(chunks)), 400) << chunks;
  }
}

TEST_F(HttpFraming, AWellFormedChunkedBodyIsPutTogether) {
  EXPECT_THAT(Say(PostChunked("5;name=\"value\"\r\nhello\r\n0006\r\n world\r\n0\r\n\r\n")),
              HasSubstr("POST a ? [hello world]"));
}

// Bad input H7: chunk extensions are bounded; a million chunks of one byte cost no memory
TEST_F(HttpFraming, ChunkExtensionsAndTinyChunksAreBounded) {
  const std::string long_extension = PostChunked("5;" + std::string(1024 * 1024, 'x'));
  EXPECT_THAT(Statuses(long_extension), ElementsAre(400));
  std::string many_extensions;
  for (int i = 0; i < 200; ++i) many_extensions += "1;" + std::string(100, 'x') + "\r\ny\r\n";
  EXPECT_THAT(Statuses(PostChunked(many_extensions + "0\r\n\r\n")), ElementsAre(400));
  std::string tiny;
  for (int i = 0; i < 1'000'000; ++i) tiny += "1\r\nx\r\n";
  EXPECT_THAT(Statuses(PostChunked(tiny + "0\r\n\r\n")), ElementsAre(200));
  const long before = ResidentKilobytes();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(RefusedWith(long_extension), 400);
  EXPECT_LE(ResidentKilobytes() - before, kMostGrowth);
}

// Bad input H8: trailers are dropped, never merged into the headers
TEST_F(HttpFraming, TrailersAreDropped) {
  service_.serve = [](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(
        200, "text/plain",
        fmt::format("{} headers, {}", exchange->head().headers.size(),
                    exchange->head().Find("Authorization") == nullptr ? "clean" : "merged")));
  };
  RawClient client(Port());
  const auto answer =
      client.Ask(PostChunked("1\r\nx\r\n0\r\nHost: b\r\nContent-Length: 9\r\nAuthorization: x\r\n"
                             "X-Forwarded-For: 1.2.3.4\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(answer.body, "2 headers, clean");
  EXPECT_EQ(RefusedWith(PostChunked("0\r\nA: " + std::string(64 * 1024, 'x'))), 431);
}

// Bad input H10: a space before the colon, a folded header and a name that is no token are refused
TEST_F(HttpFraming, MalformedHeaderLinesAreRefused) {
  for (const std::string_view header :
       {"Name : value", "Name: a\r\n b", "Name: a\r\n\tb", ": value", "Na me: value",
        "Na\"me: value", "no colon", "Name\x01: value", " Name: value", "N\xc3\xa4me: value"}) {
    EXPECT_EQ(RefusedWith(Line(header)), 400) << header;
  }
  EXPECT_EQ(RefusedWith("GET /a HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(RefusedWith("GET /a HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"), 400);
  const std::string nul(1, '\0');
  EXPECT_EQ(RefusedWith("GET /a HTTP/1.1\r\nHost: a\r\nX: a" + nul + "b\r\n\r\n"), 400);
}

// Bad input H11: percent-encoded line ends in a header value stay as they are
TEST_F(HttpFraming, HeaderValuesAreNeverDecoded) {
  service_.serve = [](std::shared_ptr<Exchange> exchange) {
    Response response = Response::Text(200, "text/plain", std::string(*exchange->head().Find("X")));
    response.headers.emplace_back("X", "a\r\nSet-Cookie: b");
    exchange->Send(std::move(response));
  };
  RawClient client(Port());
  const auto answer = client.Ask(Line("X: a%0d%0aSet-Cookie: b"));
  EXPECT_EQ(answer.body, "a%0d%0aSet-Cookie: b");
  EXPECT_EQ(answer.Header("Set-Cookie"), "");
  EXPECT_EQ(answer.Header("X"), "a  Set-Cookie: b");
}

// Bad input H12: a header line of 1 MiB, 10,000 headers and endless headers are 431
TEST_F(HttpFraming, HeadsAreBounded) {
  const std::string start = "GET /a HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(RefusedWith(start + "A: " + std::string(1024 * 1024, 'x')), 431);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "A: b\r\n";
  EXPECT_EQ(RefusedWith(start + many + "\r\n"), 431);
  EXPECT_EQ(RefusedWith(start + many.substr(0, 100 * 6) + "\r\n"), 431);  // 101 with Host
  EXPECT_EQ(RefusedWith("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(RefusedWith("GET /" + std::string(1024 * 1024, 'a')), 414);
  const long before = ResidentKilobytes();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(RefusedWith(start + many), 431);
  EXPECT_LE(ResidentKilobytes() - before, kMostGrowth);
}

// Bad input H13: no Host in HTTP/1.1, two Hosts and a port beyond 65535 are refused
TEST_F(HttpFraming, ThereIsOneWellFormedHost) {
  for (const std::string_view headers :
       {"X: y", "Host: a\r\nHost: a", "Host: a:99999", "Host: a:b", "Host: a b", "Host: a/b",
        "Host: ", "Host: [::1", "Host: [::1]x", "Host: a@b"}) {
    EXPECT_EQ(RefusedWith(fmt::format("GET /a HTTP/1.1\r\n{}\r\n\r\n", headers)), 400) << headers;
  }
  for (const std::string_view host : {"a", "a:80", "127.0.0.1:8080", "[::1]:8080", "a.example"}) {
    EXPECT_THAT(Statuses(fmt::format("GET /a HTTP/1.1\r\nHost: {}\r\n\r\n", host)),
                ElementsAre(200))
        << host;
  }
}

// Bad input H14: an absolute target whose host differs from Host is refused
TEST_F(HttpFraming, AnAbsoluteTargetAgreesWithHost) {
  EXPECT_EQ(RefusedWith("GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_THAT(Say("GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("GET x ?y []"));
  EXPECT_THAT(Say("GET HTTPS://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("GET x ?y []"));
}

// Bad input H15: an unknown method is the service's to answer; one without end is 501
TEST_F(HttpFraming, UnknownMethodsReachTheServiceAsTheyAre) {
  service_.plan = [](const RequestHead& head, BodyPlan& plan) {
    if (head.method == Method::kOther) plan.reject = Response::Text(501, "text/plain", "no");
  };
  for (const std::string_view method : {"TRACE", "GETT", "get", "PATCH"}) {
    EXPECT_THAT(Statuses(fmt::format("{} /a HTTP/1.1\r\nHost: a\r\n\r\n", method)),
                ElementsAre(501))
        << method;
  }
  EXPECT_EQ(RefusedWith("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"), 501);
  EXPECT_EQ(RefusedWith(std::string(1024 * 1024, 'G')), 501);
  EXPECT_EQ(RefusedWith("GE\"T /a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

// Bad input H16: a TLS handshake on the clear port is told so
TEST_F(HttpFraming, ATlsHandshakeIsToldThatThePortIsPlain) {
  RawClient client(Port());
  const auto answer = client.Ask(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("plain HTTP, not TLS"));
  EXPECT_EQ(RefusedWith(std::string_view("\x00\x01\x02", 3)), 400);
}

TEST_F(HttpFraming, OtherProtocolsGetNoAnswer) {
  RawClient client(Port());
  client.Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nHELO mail example\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_TRUE(client.EndsNow());
}

TEST_F(HttpFraming, OtherVersionsAreRefused) {
  EXPECT_EQ(RefusedWith("PRI * HTTP/2.0\r\n\r\nHi\r\n\r\n"), 505);
  EXPECT_EQ(RefusedWith("GET /a HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(RefusedWith("GET /a HTTP/0.9\r\n\r\n"), 505);
  EXPECT_EQ(RefusedWith("GET /a\r\n\r\n"), 400);
  EXPECT_EQ(RefusedWith("GET /a HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(RefusedWith("GET  /a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(RefusedWith("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST_F(HttpFraming, AnUpgradeToHttp2IsIgnored) {
  RawClient client(Port());
  const auto answer = client.Ask(
      "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Upgrade"), "");
}

// Bad input H17: 100-continue beyond the limit is 413 before the body, another expectation is 417
TEST_F(HttpFraming, ExpectationsAreMetOrRefused) {
  RawClient client(Port());
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n";
  EXPECT_EQ(client.Ask(head).status, 100);
  EXPECT_EQ(client.Ask("hello").body, "POST a ? [hello]");
  EXPECT_EQ(client.Ask(head + "hello").status, 200) << "the body is there already";
  EXPECT_EQ(RefusedWith("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n"
                        "Expect: 100-continue\r\n\r\n"),
            413);
  EXPECT_EQ(RefusedWith(Line("Content-Length: 5\r\nExpect: 200-ok")), 417);
}

TEST_F(HttpFraming, ContinueWaitsForTheAnswersBeforeIt) {
  RawClient client(Port());
  client.Send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n" +
              Line("Content-Length: 5\r\nExpect: 100-continue"));
  service_.NextHeld()->Send(Response::Text(200, "text/plain", "first"));
  EXPECT_EQ(client.Receive().body, "first");
  EXPECT_EQ(client.Receive().status, 100);
  EXPECT_EQ(client.Ask("hello").status, 200);
}

// Bad input H18: a body after GET, HEAD or DELETE is consumed, and the next request is parsed right
TEST_F(HttpFraming, ABodyIsConsumedWhateverTheMethod) {
  for (const std::string_view method : {"GET", "HEAD", "DELETE"}) {
    RawClient client(Port());
    client.Send(
        fmt::format("{} /a HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\n"
                    "GET /smuggled HTTP/1.1\r\n"
                    "GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
                    method));
    EXPECT_EQ(client.Receive(method == "HEAD").status, 200);
    EXPECT_EQ(client.Receive().body, "GET next ? []") << method;
  }
}

// Bad input H19: paths are split, then decoded once; what no name holds is refused
TEST_F(HttpFraming, PathsAreDecodedOnceAfterSplitting) {
  for (const std::string_view path :
       {"/../a", "/a/%2e%2e/b", "/..%2fa", "/%2e", "/a\\b", "/a%5cb", "/%c0%ae%c0%ae/", "/a%00",
        "/%", "/%4", "/%zz", "/a%2fb", "/a%0d%0ab", "a", "", "http:/a", "ftp://a/b"}) {
    EXPECT_THAT(Statuses(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path)), ElementsAre(400))
        << path;
  }
  for (const auto& [path, segments] :
       std::vector<std::pair<std::string, std::string>>{{"/%252e%252e", "%2e%2e"},
                                                        {"/a;param", "a;param"},
                                                        {"//a", "|a"},
                                                        {"/a/", "a"},
                                                        {"/a//", "a|"},
                                                        {"/%61%3Ab", "a:b"},
                                                        {"/", ""},
                                                        {"/...", "..."}}) {
    EXPECT_THAT(Say(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path)),
                HasSubstr(fmt::format("GET {} ? []", segments)))
        << path;
  }
}

TEST_F(HttpFraming, CompressedBodiesAreRead) {
  const std::string text(100'000, 'x');
  for (const auto coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    EXPECT_THAT(Say(PostCoded(CodingName(coding), Compressed(coding, text))),
                HasSubstr("[" + text + "]"));
  }
  EXPECT_THAT(Say(PostCoded("identity", "plain")), HasSubstr("[plain]"));
}

// Bad input H21: unknown and layered codings are 415, damaged streams 400
TEST_F(HttpFraming, UnreadableCodingsAreRefused) {
  const std::string gzip = Compressed(ContentCoding::kGzip, std::string(1000, 'x'));
  for (const std::string_view coding : {"br", "gzip, gzip, gzip", "gzip, identity", "zstd"}) {
    RawClient client(Port());
    const auto answer = client.Ask(PostCoded(coding, gzip));
    EXPECT_EQ(answer.status, 415) << coding;
    EXPECT_EQ(answer.Header("Accept-Encoding"), "gzip, deflate");
  }
  std::string wrong_sum = gzip;
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  EXPECT_EQ(RefusedWith(PostCoded("gzip", wrong_sum)), 400);
  EXPECT_EQ(RefusedWith(PostCoded("gzip", gzip.substr(0, gzip.size() - 1))), 400);
  EXPECT_EQ(RefusedWith(PostCoded("gzip", gzip + "garbage")), 400);
  EXPECT_EQ(RefusedWith(PostCoded("gzip", gzip + gzip)), 400);
  EXPECT_EQ(RefusedWith(PostCoded("gzip", "not gzip")), 400);
  EXPECT_EQ(RefusedWith(PostCoded("deflate", gzip)), 400);
}

// Bad input H22: a body beyond the limit is 413, by its announced length before it is read
// Fault D8: one body
TEST_F(HttpFraming, BodiesAreBounded) {
  EXPECT_EQ(RefusedWith(Line("Content-Length: 1048577")), 413);
  EXPECT_EQ(RefusedWith(Line("Content-Length: 18446744073709551615")), 413);
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  std::string chunks;
  for (int i = 0; i < 17; ++i) chunks += chunk;
  EXPECT_EQ(RefusedWith(PostChunked(chunks + "0\r\n\r\n")), 413);
  EXPECT_EQ(RefusedWith(PostChunked(chunks)), 413) << "endless";
  const std::string bomb = Compressed(ContentCoding::kGzip, std::string(16 * 1024 * 1024, 'x'));
  EXPECT_EQ(RefusedWith(PostCoded("gzip", bomb)), 413);
  const std::string fits = Compressed(ContentCoding::kGzip, std::string(1024 * 1024, 'x'));
  EXPECT_THAT(Statuses(PostCoded("gzip", fits)), ElementsAre(200));
}

// Bad input H23: X-Forwarded-For changes nothing, whatever it holds
TEST_F(HttpFraming, ForwardedForIsIgnored) {
  service_.serve = [](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", std::string(exchange->head().peer)));
  };
  std::string hops;
  while (hops.size() < 20'000) hops += "1.2.3.4, ";
  for (const std::string& value :
       {std::string(), std::string("junk"), std::string("fe80::1%eth0"), hops}) {
    EXPECT_THAT(Say(Line("X-Forwarded-For: " + value)), HasSubstr("\r\n\r\n127.0.0.1:"));
  }
}

TEST_F(HttpFraming, OneEmptyLineBeforeARequestIsNoFault) {
  EXPECT_THAT(Statuses("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"), ElementsAre(200));
  EXPECT_EQ(RefusedWith("\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST_F(HttpFraming, NothingIsServedAfterARefusal) {
  EXPECT_THAT(Statuses("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
                       "GET /c HTTP/1.1\r\nHost: a\r\n\r\n"),
              ElementsAre(200, 400));
}

}  // namespace
}  // namespace slipway::net
