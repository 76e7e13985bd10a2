#include "serve/remote/remote_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "net/testing/scripted_server.h"
#include "serve/remote/remote_servers.h"

namespace slipway::serve {
namespace {

using net::ScriptedServer;
using std::chrono::milliseconds;
using testing::HasSubstr;

const std::vector<float> kPair = {1, 2};
constexpr const char* kBusy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

/// One output "y", u8[2]: "ab".
std::string GoodAnswer() {
  const std::string json =
      R"({"outputs":[{"name":"y","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}}]})";
  return "HTTP/1.1 200 OK\r\nInference-Header-Content-Length: " + std::to_string(json.size()) +
         "\r\nContent-Length: " + std::to_string(json.size() + 2) + "\r\n\r\n" + json + "ab";
}

/// Reads a whole request, and answers.
net::Script Answering(std::vector<std::string> answers, std::string* seen = nullptr) {
  return [answers = std::move(answers), seen](int socket) {
    for (const std::string& answer : answers) {
      std::string request = net::ReadRequest(socket);
      constexpr std::string_view kLength = "\r\nContent-Length: ";
      const std::size_t digits = request.find(kLength) + kLength.size();
      const std::size_t end = request.find('\r', digits);
      const auto bytes = ParseUint64(request.substr(digits, end - digits)).value_or(0);
      const std::size_t head = request.find("\r\n\r\n") + 4;
      while (request.size() < head + bytes) {
        char buffer[4096];
        const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
        if (count <= 0) return;
        request.append(buffer, static_cast<std::size_t>(count));
      }
      if (seen != nullptr) *seen = request;
      net::Say(socket, answer);
    }
  };
}

net::Script Silent() {
  return [](int socket) {
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  };
}

class RemoteServerTest : public testing::Test {
 protected:
  void StartWith(const net::HttpUrl& url, RemoteServerOptions options = {}) {
    options.name = "far";
    options.url = url;
    options.connections = 1;  // a thread that is about to be free may not be seen as that yet
    server_.emplace(std::move(options), clock_);
  }

  std::future<Result<InferResponse>> Send(milliseconds patience = milliseconds(20'000)) {
    auto answer = std::make_shared<std::promise<Result<InferResponse>>>();
    auto future = answer->get_future();
    server_->Infer(
        {.server = "far",
         .model = "m",
         .version = 3,
         .inputs = {{"x", {DType::kF32, {1, 2}, std::as_bytes(std::span(kPair))}}},
         .outputs = {"y"},
         .deadline = clock_.Now() + patience,
         .keeper = nullptr,
         .abandoned = nullptr,
         .trace = {.traceparent = "00-trace", .tracestate = "a=1"}},
        [answer](Result<InferResponse> response) { answer->set_value(std::move(response)); });
    return future;
  }
  Status Ask() { return Send().get().status(); }

  std::uint64_t Counted(std::string_view outcome) const {
    for (const auto& [name, count] : server_->Facts().requests) {
      if (name == outcome) return count;
    }
    return 0;
  }

  SystemClock clock_;
  std::optional<RemoteServer> server_;
};

TEST_F(RemoteServerTest, AsksForTheOutputsOverOneKeptConnection) {
  std::string seen;
  ScriptedServer other({Answering({GoodAnswer(), GoodAnswer()}, &seen)});
  StartWith(other.url(), {.key = "secret"});
  const Result<InferResponse> response = Send().get();
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->outputs.at(0).second.shape(), Shape{2});
  EXPECT_TRUE(Ask().ok());
  EXPECT_THAT(seen, HasSubstr("POST /v2/models/m/versions/3/infer HTTP/1.1"));
  EXPECT_THAT(seen, HasSubstr("Authorization: Bearer secret"));
  EXPECT_THAT(seen, HasSubstr("Slipway-Timeout: "));
  EXPECT_THAT(seen, HasSubstr("traceparent: 00-trace\r\ntracestate: a=1"));
  EXPECT_EQ(Counted("ok"), 2U);
}

TEST_F(RemoteServerTest, TriesAgainAfterA503) {
  ScriptedServer other({Answering({kBusy, GoodAnswer()})});
  StartWith(other.url());
  EXPECT_TRUE(Ask().ok());
  EXPECT_EQ(server_->Facts().retries, 1U);
}

TEST_F(RemoteServerTest, DoesNotTryAgainForEver) {
  ScriptedServer other({Answering({kBusy, kBusy, kBusy, GoodAnswer()})});
  StartWith(other.url());
  EXPECT_EQ(Ask().number(), errors::kRemoteUnavailable);
  EXPECT_EQ(server_->Facts().retries, RemoteServerOptions::kMostTries - 1);
  EXPECT_TRUE(Ask().ok()) << "the third answer ended the request";
}

TEST_F(RemoteServerTest, DoesNotSendAgainWhatMayHaveArrived) {
  ScriptedServer other({[](int socket) { net::ReadRequest(socket); }, Answering({GoodAnswer()})});
  StartWith(other.url());
  EXPECT_THAT(Ask().message(), HasSubstr("without an answer"));
  EXPECT_EQ(server_->Facts().retries, 0U);
}

// Bad input R3: a remote step's server that never answers
TEST_F(RemoteServerTest, GivesUpAtTheRequestsDeadline) {
  ScriptedServer other({Silent()});
  StartWith(other.url());
  const Status status = Send(milliseconds(50)).get().status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "server \"far\" did not answer in time");
  EXPECT_EQ(Counted("timeout"), 1U);
  EXPECT_EQ(server_->WhyNotAsked(), "") << "it had no time to answer";
}

// Bad input R3: a remote step's server that has stopped
TEST_F(RemoteServerTest, IsNotAskedWhileItsCircuitIsOpen) {
  {
    ScriptedServer other({});
    StartWith(other.url(), {.circuit = {.failures = 2, .rest = milliseconds(20'000)}});
  }  // nothing listens any more
  EXPECT_EQ(Ask().message(), "server \"far\" cannot be reached");
  EXPECT_EQ(server_->Facts().circuit, CircuitBreaker::State::kOpen);
  const Status refused = Ask();
  EXPECT_EQ(refused.number(), errors::kRemoteUnavailable);
  EXPECT_THAT(refused.message(), HasSubstr("is not asked for a while"));
  EXPECT_EQ(server_->WhyNotAsked(), refused.message());
}

TEST_F(RemoteServerTest, IsAskedAgainAfterARest) {
  ScriptedServer other({Answering({kBusy, GoodAnswer()})});
  StartWith(other.url(), {.circuit = {.failures = 1, .rest = milliseconds(1)}});
  EXPECT_FALSE(Ask().ok());
  while (server_->Facts().circuit == CircuitBreaker::State::kOpen) std::this_thread::yield();
  EXPECT_TRUE(Ask().ok());
  EXPECT_EQ(server_->Facts().circuit, CircuitBreaker::State::kClosed);
}

TEST_F(RemoteServerTest, RefusesWhatNeitherAConnectionNorTheQueueHasRoomFor) {
  ScriptedServer other({Silent()});
  StartWith(other.url(), {.max_queued = 1});
  std::vector<std::future<Result<InferResponse>>> sent;
  for (int i = 0; i < 3; ++i) sent.push_back(Send(milliseconds(100)));
  int refused = 0;
  for (auto& each : sent) refused += each.get().status().number() == errors::kQueueFull ? 1 : 0;
  EXPECT_GE(refused, 1);
  EXPECT_LE(refused, 2);
}

TEST_F(RemoteServerTest, StoppingEndsWhatWaits) {
  ScriptedServer other({Silent()});
  StartWith(other.url());
  auto under_way = Send();
  auto waits = Send();
  server_->Stop();
  EXPECT_EQ(under_way.get().status().code(), Code::kUnavailable);
  EXPECT_EQ(waits.get().status().code(), Code::kUnavailable);
  EXPECT_EQ(Ask().code(), Code::kUnavailable);
}

TEST_F(RemoteServerTest, WhatItAnswersIsBounded) {
  ScriptedServer other({Answering({GoodAnswer()})});
  StartWith(other.url(), {.max_answer_bytes = 10});
  EXPECT_THAT(Ask().message(), HasSubstr("more bytes than are taken"));
}

// Bad input R2: a step that names a server that no operator named
TEST(RemoteServers, AskNobodyWhoseNameTheyWereNotTold) {
  const SystemClock clock;
  RemoteServers servers({{.name = "far", .url = {.host = "127.0.0.1", .port = 1, .path = ""}}},
                        clock);
  Status status;
  servers.Infer({.server = "evil.example:80",
                 .model = "m",
                 .version = {},
                 .inputs = {},
                 .outputs = {},
                 .deadline = clock.Now(),
                 .keeper = nullptr,
                 .abandoned = nullptr},
                [&](Result<InferResponse> response) { status = response.status(); });
  EXPECT_EQ(status.number(), errors::kRemoteNotAllowed);
  EXPECT_EQ(servers.WhyNotAsked("evil.example:80"), std::nullopt);
  EXPECT_EQ(servers.WhyNotAsked("far"), "");
}

}  // namespace
}  // namespace slipway::serve
