#include "cli/http_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error_catalogue.h"
#include "net/testing/scripted_server.h"

namespace slipway::cli {
namespace {

using net::ReadRequest;
using net::Say;
using net::Script;
using net::ScriptedServer;
using std::chrono::milliseconds;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
constexpr std::string_view kBusy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

/// Gives the same answer until the client goes.
Script Always(std::string_view answer) {
  return [answer](int socket) {
    while (!ReadRequest(socket).empty()) Say(socket, answer);
  };
}

HttpLoadOptions Options(const ScriptedServer& server, unsigned connections = 1) {
  return {.server = server.url(),
          .request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
          .connections = connections,
          .warm_up = milliseconds(0),
          .duration = milliseconds(50)};
}

TEST(HttpLoad, CountsAnswersAndTheirTimes) {
  for (const std::string_view answer : {kOk, kChunked}) {
    ScriptedServer server({Always(answer)});
    const Result<LoadReport> report = RunHttpLoad(Options(server));
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_GT(report->answers, 0U);
    EXPECT_EQ(report->failures, 0U);
    EXPECT_EQ(report->latencies.size(), report->answers);
    EXPECT_TRUE(std::ranges::is_sorted(report->latencies));
    EXPECT_GE(report->seconds, 0.05);
  }
}

TEST(HttpLoad, EveryRequestIsCountedWhenTheLastAreWaitedFor) {
  std::atomic<std::uint64_t> requests{0};
  const Script counting = [&requests](int socket) {
    while (!ReadRequest(socket).empty()) {
      requests.fetch_add(1);
      Say(socket, kOk);
    }
  };
  ScriptedServer server({counting});
  HttpLoadOptions options = Options(server);
  options.waits_for_the_last = true;
  const Result<LoadReport> report = RunHttpLoad(options);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->answers, requests.load());
}

TEST(HttpLoad, OtherStatusesAreFailures) {
  ScriptedServer server({Always(kBusy)});
  const Result<LoadReport> report = RunHttpLoad(Options(server));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->answers, 0U);
  EXPECT_GT(report->failures, 0U);
}

TEST(HttpLoad, RefusalsAreToldFromOtherFailures) {
  constexpr std::string_view kBroken = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
  ScriptedServer busy({Always(kBusy)});
  const Result<LoadReport> refused = RunHttpLoad(Options(busy));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->refusals, refused->failures);
  ScriptedServer broken({Always(kBroken)});
  const Result<LoadReport> failed = RunHttpLoad(Options(broken));
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(failed->refusals, 0U);
}

TEST(HttpLoad, AnOpenLoopSendsAtItsRate) {
  ScriptedServer server({Always(kOk), Always(kOk), Always(kOk)});
  HttpLoadOptions options = Options(server, 3);
  options.rate = 200;
  options.duration = milliseconds(500);
  const Result<LoadReport> report = RunHttpLoad(options);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_GT(report->answers, 0U);
  EXPECT_LE(report->answers, 101U);  // never faster, however quick the answers are
}

TEST(HttpLoad, WhatIsDueWhileEveryConnectionWaitsIsLateAndNotLost) {
  // Answers one request in 20 ms, where five are due.
  ScriptedServer server({[](int socket) {
    while (!ReadRequest(socket).empty()) {
      std::this_thread::sleep_for(milliseconds(20));
      Say(socket, kOk);
    }
  }});
  HttpLoadOptions options = Options(server);
  options.rate = 250;
  options.duration = milliseconds(400);
  const Result<LoadReport> report = RunHttpLoad(options);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  // The n-th answer comes at n * 20 ms or later, and was due at n * 4 ms.
  EXPECT_GT(report->Quantile(1), 0.016 * static_cast<double>(report->answers - 1));
}

TEST(HttpLoad, AClosedConnectionIsAnError) {
  ScriptedServer server({[](int socket) { ReadRequest(socket); }});
  const Status status = RunHttpLoad(Options(server)).status();
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
}

TEST(HttpLoad, ASilentServerIsAnErrorAtTheEndOfTheDuration) {
  ScriptedServer server({[](int socket) {
    while (!ReadRequest(socket).empty()) continue;
  }});
  const Status status = RunHttpLoad(Options(server)).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_THAT(status.hint(), testing::HasSubstr("--duration"));
}

TEST(HttpLoad, AServerThatClosesAfterEachAnswerIsNamed) {
  ScriptedServer server(
      {net::Answering({"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})});
  EXPECT_THAT(RunHttpLoad(Options(server)).status().message(), testing::HasSubstr("ends"));
}

}  // namespace
}  // namespace slipway::cli
