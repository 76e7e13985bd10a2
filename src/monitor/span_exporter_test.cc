#include "monitor/span_exporter.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "net/testing/scripted_server.h"

namespace slipway::monitor {
namespace {

constexpr std::string_view kTaken =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

KeptRequest Sampled(int code = 200) {
  telemetry::TraceSampler sampler(1, true);
  KeptRequest request;
  request.Keep({.protocol = "v2", .route = "infer", .tracestate = "", .code = code}, WallTime());
  request.span = sampler.SpanFor(std::nullopt);
  return request;
}

/// Takes one POST whole and answers.
net::Script Collecting(std::promise<std::string>& request, std::string_view answer) {
  return [&request, answer](int socket) {
    std::string text;
    std::size_t whole = std::string::npos;
    while (text.size() < whole) {
      char buffer[4096];
      const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
      const std::size_t end = text.find("\r\n\r\n");
      const std::size_t length = text.find("Content-Length: ");
      if (whole != std::string::npos || end == std::string::npos) continue;
      const std::string_view number = std::string_view(text).substr(length + 16);
      whole = end + 4 + ParseUint64(number.substr(0, number.find("\r\n"))).value();
    }
    net::Say(socket, answer);
    request.set_value(text);
  };
}

TEST(SpanExporter, SendsWhatWaitsToTheCollectorsTraces) {
  std::promise<std::string> received;
  net::ScriptedServer collector({Collecting(received, kTaken)});
  std::uint64_t lost = 0;
  {
    const auto exporter = SpanExporter::Create({.endpoint = collector.url().Origin()}).value();
    exporter->Take(Sampled());
    KeptRequest other = Sampled();
    other.span->is_sampled = false;
    exporter->Take(other);
    lost = exporter->lost();
  }
  const std::string request = received.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /v1/traces HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  const Json body = ParseJson(request.substr(request.find("\r\n\r\n") + 4)).value();
  EXPECT_EQ(body["resourceSpans"][0]["scopeSpans"][0]["spans"].size(), 1U);
  EXPECT_EQ(lost, 0U);
}

TEST(SpanExporter, WhatTheCollectorRefusesIsLostAndNotSentAgain) {
  std::promise<std::string> received;
  net::ScriptedServer collector(
      {Collecting(received, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")});
  const auto exporter = SpanExporter::Create({.endpoint = collector.url().Origin()}).value();
  for (std::size_t i = 0; i < SpanExporter::kMostAtOnce; ++i) exporter->Take(Sampled());
  (void)received.get_future().get();
  while (exporter->lost() == 0) std::this_thread::yield();
  EXPECT_EQ(exporter->lost(), SpanExporter::kMostAtOnce);
  EXPECT_EQ(exporter->exported(), 0U);
}

// Fault E12: a collector that is not there
TEST(SpanExporter, WithoutACollectorTheQueueIsBounded) {
  const auto exporter = SpanExporter::Create({.endpoint = "http://127.0.0.1:1"}).value();
  for (std::size_t i = 0; i < 3 * SpanExporter::kQueueRequests; ++i) exporter->Take(Sampled());
  EXPECT_GE(exporter->lost(), SpanExporter::kQueueRequests - SpanExporter::kMostAtOnce);
  EXPECT_EQ(exporter->exported(), 0U);
}

TEST(SpanExporter, AnEndpointIsAUrl) {
  EXPECT_FALSE(SpanExporter::Create({.endpoint = "ftp://collector"}).ok());
  EXPECT_FALSE(SpanExporter::Create({.endpoint = "http://"}).ok());
}

}  // namespace
}  // namespace slipway::monitor
