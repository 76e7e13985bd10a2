#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <mutex>

#include "base/error_catalogue.h"
#include "inference.pb.h"
#include "net/server/http_server.h"
#include "net/testing/http2_wire.h"
#include "net/testing/scripted_server.h"
#include "serve/remote/grpc_codec.h"
#include "serve/remote/remote_server.h"

// RemoteServer where the other server speaks gRPC.
namespace slipway::serve {
namespace {

using net::FrameType;
using net::ScriptedServer;
using std::chrono::milliseconds;
using testing::HasSubstr;

const std::vector<float> kLarge(5000, 0.5F);

/// Answers ModelInfer with "y", u8[2]: "ab", or with what the test says.
class FarService final : public net::HttpService {
 public:
  net::BodyPlan Plan(const net::RequestHead& head) override {
    const std::lock_guard lock(mutex_);
    heads_.emplace_back(head.target);
    for (const net::HeaderView& header : head.headers)
      heads_.back() += fmt::format("\n{}: {}", header.name, header.value);
    return {};
  }
  void Serve(std::shared_ptr<net::Exchange> exchange) override {
    const auto body = exchange->body();
    const std::string_view bytes(reinterpret_cast<const char*>(body.data()), body.size());
    const std::lock_guard lock(mutex_);
    requests_.push_back(bytes.substr(0, 5) ==
                                MessagePrefix(static_cast<std::uint32_t>(body.size() - 5))
                            ? std::string(bytes.substr(5))
                            : std::string());
    if (refusals_.empty()) return exchange->Send(Answer());
    net::Response refusal;
    refusal.headers.emplace_back("grpc-status", refusals_.front());
    refusals_.pop_front();
    exchange->Send(std::move(refusal));
  }
  net::Response ErrorResponse(int status, std::string_view, const net::RequestHead*) override {
    return net::Response::Text(status, "text/plain", "");
  }

  void Refuse(std::deque<std::string> with) {
    const std::lock_guard lock(mutex_);
    refusals_ = std::move(with);
  }
  std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static net::Response Answer() {
    inference::ModelInferResponse message;
    auto* output = message.add_outputs();
    output->set_name("y");
    output->set_datatype("UINT8");
    output->add_shape(2);
    message.add_raw_output_contents("ab");
    const std::string bytes = message.SerializeAsString();
    net::Response answer;
    answer.content_type = "application/grpc";
    answer.text = MessagePrefix(static_cast<std::uint32_t>(bytes.size())) + bytes;
    answer.trailers.emplace_back("grpc-status", "0");
    return answer;
  }

  mutable std::mutex mutex_;  // guards all below
  std::deque<std::string> refusals_;
  std::vector<std::string> heads_;
  std::vector<std::string> requests_;
};

class GrpcServerTest : public testing::Test {
 protected:
  void StartWith(const net::HttpUrl& url, RemoteServerOptions options = {}) {
    options.name = "far";
    options.url = url;
    options.protocol = RemoteProtocol::kGrpc;
    options.connections = 1;
    server_.emplace(std::move(options), clock_);
  }
  void StartFar(RemoteServerOptions options = {}) {
    auto listening = net::HttpServer::Listen({.port = 0}, service_);
    ASSERT_TRUE(listening.ok());
    far_ = std::move(*listening);
    far_->Start();
    StartWith({.host = "127.0.0.1", .port = far_->port(), .path = ""}, std::move(options));
  }

  Result<InferResponse> Send(milliseconds patience = milliseconds(20'000)) {
    std::promise<Result<InferResponse>> answer;
    server_->Infer({.server = "far",
                    .model = "m",
                    .version = 3,
                    .inputs = {{"x", {DType::kF32, {5, 1000}, std::as_bytes(std::span(kLarge))}}},
                    .outputs = {"y"},
                    .deadline = clock_.Now() + patience,
                    .keeper = nullptr,
                    .abandoned = nullptr},
                   [&](Result<InferResponse> response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }
  Status Ask() { return Send().status(); }

  SystemClock clock_;
  FarService service_;
  std::unique_ptr<net::HttpServer> far_;
  std::optional<RemoteServer> server_;
};

TEST_F(GrpcServerTest, AsksForTheOutputsOverOneKeptConnection) {
  StartFar({.key = "secret"});
  const Result<InferResponse> response = Send();
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->outputs.at(0).second.shape(), Shape{2});
  EXPECT_TRUE(Ask().ok());
  const std::string head = service_.heads().at(0);
  EXPECT_THAT(head, testing::StartsWith("/inference.GRPCInferenceService/ModelInfer"));
  EXPECT_THAT(head, HasSubstr("authorization: Bearer secret"));
  EXPECT_THAT(head, HasSubstr("content-type: application/grpc"));
  EXPECT_THAT(head, HasSubstr("te: trailers"));
  EXPECT_THAT(head, testing::ContainsRegex("grpc-timeout: [0-9]+m"));
  inference::ModelInferRequest request;
  ASSERT_TRUE(request.ParseFromString(service_.requests().at(0)));
  EXPECT_EQ(request.model_version(), "3");
  EXPECT_EQ(request.raw_input_contents(0).size(), 20'000U);
}

TEST_F(GrpcServerTest, TriesAgainWhereTheServerIsUnavailable) {
  StartFar();
  service_.Refuse({"14", "14"});
  EXPECT_TRUE(Ask().ok());
  EXPECT_EQ(server_->Facts().retries, 2U);
  const auto requests = service_.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[2], requests[0]) << "what was written down once";
  service_.Refuse({"14", "14", "14"});
  EXPECT_EQ(Ask().number(), errors::kRemoteUnavailable);
  EXPECT_EQ(service_.requests().size(), 3U + RemoteServerOptions::kMostTries);
}

TEST_F(GrpcServerTest, DoesNotTryAgainWhatIsRefused) {
  StartFar();
  service_.Refuse({"8", "5", "3"});
  EXPECT_EQ(Ask().code(), Code::kUnavailable);
  EXPECT_EQ(Ask().number(), errors::kRemoteAnswer);
  EXPECT_EQ(Ask().code(), Code::kInvalidArgument);
  EXPECT_EQ(server_->Facts().retries, 0U);
}

/// Reads a request, then says `frames`, and goes.
net::Script Saying(std::string frames) {
  return [frames = std::move(frames)](int socket) {
    net::Say(socket, net::Frame(FrameType::kSettings, net::kNoFlags, 0));
    char buffer[4096];
    if (recv(socket, buffer, sizeof buffer, 0) <= 0) return;
    net::Say(socket, frames);
    shutdown(socket, SHUT_WR);
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  };
}
std::string Reset(std::uint32_t code) {
  return net::Frame(FrameType::kRstStream, net::kNoFlags, 1, net::BigEndian(code));
}

TEST_F(GrpcServerTest, SendsAgainOnlyWhatWasNotBegun) {
  const std::string goaway =
      net::Frame(FrameType::kGoaway, net::kNoFlags, 0, net::BigEndian(0) + net::BigEndian(0));
  ScriptedServer other({Saying(Reset(net::kRefusedStream)), Saying(goaway),
                        Saying(Reset(net::kCancel)), Saying("")});
  StartWith(other.url());
  EXPECT_THAT(Ask().message(), HasSubstr("without an answer"));
  EXPECT_EQ(server_->Facts().retries, 2U) << "after RST_STREAM and GOAWAY";
  EXPECT_THAT(Ask().message(), HasSubstr("without an answer")) << "it died in the middle";
  EXPECT_EQ(server_->Facts().retries, 2U);
}

// Bad input R3: a remote step's server that never answers, over gRPC
TEST_F(GrpcServerTest, GivesUpAtTheRequestsDeadline) {
  ScriptedServer other({[](int socket) {
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  StartWith(other.url(), {.circuit = {.failures = 1}});
  const Status status = Send(milliseconds(50)).status();
  EXPECT_EQ(status.message(), "server \"far\" did not answer in time");
  EXPECT_EQ(server_->WhyNotAsked(), "") << "it had no time to answer";
}

// Bad input R3: a remote step's server that has stopped, over gRPC
TEST_F(GrpcServerTest, IsNotAskedWhileItsCircuitIsOpen) {
  net::HttpUrl url;
  {
    url = ScriptedServer({}).url();
  }
  StartWith(url, {.circuit = {.failures = 2, .rest = milliseconds(20'000)}});
  EXPECT_EQ(Ask().message(), "server \"far\" cannot be reached");
  EXPECT_THAT(Ask().message(), HasSubstr("is not asked for a while"));
}

TEST_F(GrpcServerTest, WhatItAnswersIsBounded) {
  StartFar({.max_answer_bytes = 10});
  EXPECT_THAT(Ask().message(), HasSubstr("more bytes than are taken"));
}

TEST_F(GrpcServerTest, NamesAServerThatSpeaksOldHttpAlone) {
  ScriptedServer other({Saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")});
  StartWith(other.url());
  EXPECT_EQ(Ask().number(), errors::kRemoteAnswer);
}

TEST_F(GrpcServerTest, StoppingEndsWhatIsUnderWay) {
  std::promise<void> asked;
  ScriptedServer other({[&](int socket) {
    char buffer[4096];
    if (recv(socket, buffer, sizeof buffer, 0) > 0) asked.set_value();
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  StartWith(other.url());
  auto answer = std::async(std::launch::async, [&] { return Ask(); });
  asked.get_future().wait();
  server_->Stop();
  EXPECT_EQ(answer.get().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace slipway::serve
