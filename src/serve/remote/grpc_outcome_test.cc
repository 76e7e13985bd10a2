#include "serve/remote/grpc_outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "serve/remote/grpc_codec.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::Not;
using Health = RemoteOutcome::Health;

/// An answer that is nothing but its end.
net::HttpAnswer Refusal(int code, std::string message = "because") {
  return {.status = 200,
          .headers = {{"content-type", "application/grpc"},
                      {"grpc-status", std::to_string(code)},
                      {"grpc-message", std::move(message)}},
          .body = "",
          .trailers = {}};
}
net::HttpAnswer Answer(std::string body, std::vector<net::Header> trailers) {
  return {.status = 200,
          .headers = {{"content-type", "application/grpc"}},
          .body = std::move(body),
          .trailers = std::move(trailers)};
}
/// One output "y", u8[2].
std::string Message() {
  WireWriter output;
  output.Text(1, "y");
  output.Text(2, "UINT8");
  output.Varint(3, 2);
  WireWriter message;
  message.Message(5, output);
  message.Text(6, "ab");
  return MessagePrefix(static_cast<std::uint32_t>(message.size())) + message.Joined();
}

RemoteOutcome JudgeAnswer(const Result<net::HttpAnswer>& answer, bool may_have_begun = true) {
  return JudgeGrpc(
      {.server = "far", .outputs = {"y"}, .was_connected = true, .may_have_begun = may_have_begun},
      answer);
}

TEST(JudgeGrpc, AnOutputThatIsThereIsTheAnswer) {
  const RemoteOutcome outcome = JudgeAnswer(Answer(Message(), {{"grpc-status", "0"}}));
  ASSERT_TRUE(outcome.outputs.ok()) << outcome.outputs.status().ToString();
  EXPECT_EQ(outcome.outputs->at(0).shape(), Shape{2});
  EXPECT_EQ(outcome.health, Health::kAlive);
}

struct Row {
  Code said;
  Code code;
  ErrorNumber number;
  Health health;
  bool may_retry = false;
};

TEST(JudgeGrpc, ARefusalIsToldAsOverHttp) {
  const Row rows[] = {
      {Code::kCancelled, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
      {Code::kInvalidArgument, Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive},
      {Code::kDeadlineExceeded, Code::kDeadlineExceeded, errors::kRemoteUnavailable,
       Health::kFailing},
      {Code::kNotFound, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
      {Code::kResourceExhausted, Code::kUnavailable, errors::kRemoteUnavailable, Health::kAlive},
      {Code::kUnimplemented, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
      {Code::kInternal, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
      {Code::kUnavailable, Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, true},
      {Code::kUnauthenticated, Code::kInternal, errors::kRemoteAnswer, Health::kAlive}};
  for (const Row& row : rows) {
    const int said = static_cast<int>(row.said);
    const RemoteOutcome outcome = JudgeAnswer(Refusal(said));
    const Status status = outcome.outputs.status();
    EXPECT_EQ(status.code(), row.code) << said;
    EXPECT_EQ(status.number(), row.number) << said;
    EXPECT_EQ(status.message(), "server \"far\" says: because") << said;
    EXPECT_EQ(outcome.health, row.health) << said;
    EXPECT_EQ(outcome.may_retry, row.may_retry) << said;
  }
}

TEST(JudgeGrpc, AMessageIsDecodedAndPrintable) {
  EXPECT_EQ(JudgeAnswer(Refusal(3, "50%25 of%0A%1B[31m")).outputs.status().message(),
            "server \"far\" says: 50% of\\x0a\\x1b[31m");
  EXPECT_EQ(JudgeAnswer(Refusal(3, "100%")).outputs.status().message(),
            "server \"far\" says: 100%");
  EXPECT_EQ(JudgeAnswer(Refusal(13, "")).outputs.status().message(),
            "server \"far\" says: status 13");
}

TEST(JudgeGrpc, WhatTheServerBeganIsNotSentAgain) {
  EXPECT_FALSE(JudgeAnswer(Answer("", {{"grpc-status", "14"}})).may_retry);
  EXPECT_FALSE(JudgeAnswer(Unavailable("reset")).may_retry);
  const RemoteOutcome refused = JudgeAnswer(Unavailable("refused"), false);
  EXPECT_TRUE(refused.may_retry);
  EXPECT_THAT(refused.outputs.status().message(), HasSubstr("did not take the request"));
}

TEST(JudgeGrpc, AProxyThatReachesNobodyAnswersAsOverHttp) {
  const RemoteOutcome outcome =
      JudgeAnswer(net::HttpAnswer{.status = 503, .headers = {}, .body = "", .trailers = {}});
  EXPECT_EQ(outcome.outputs.status().number(), errors::kRemoteUnavailable);
  EXPECT_TRUE(outcome.may_retry);
}

// Bad input R1: a remote step's server whose answer or trailers are none of gRPC
TEST(JudgeGrpc, WhatIsNoAnswerIsAnErrorThatNamesNoAddress) {
  const Result<net::HttpAnswer> answers[] = {
      Answer(Message(), {}),
      Answer(Message(), {{"grpc-status", ""}}),
      Answer(Message(), {{"grpc-status", "ok"}}),
      Answer(Message(), {{"grpc-message", "0"}}),
      Answer("", {{"grpc-status", "0"}}),
      Answer(Message() + "more", {{"grpc-status", "0"}}),
      Answer(MessagePrefix(0), {{"grpc-status", "0"}}),
      net::HttpAnswer{.status = 200, .headers = {}, .body = "<html>", .trailers = {}},
      net::HttpAnswer{.status = 415, .headers = {}, .body = "", .trailers = {}},
      DataLoss("not HTTP/2").At("10.0.0.7:80"),
      ResourceExhausted("more than 64 MiB").At("10.0.0.7:80")};
  for (const Result<net::HttpAnswer>& answer : answers) {
    const RemoteOutcome outcome = JudgeAnswer(answer);
    EXPECT_EQ(outcome.outputs.status().number(), errors::kRemoteAnswer);
    EXPECT_EQ(outcome.health, Health::kFailing);
    EXPECT_FALSE(outcome.may_retry);
    EXPECT_THAT(outcome.outputs.status().ToString(), HasSubstr("\"far\""));
    EXPECT_THAT(outcome.outputs.status().ToString(), Not(HasSubstr("10.0.0.7")));
  }
}

TEST(JudgeGrpc, AStatusThatNobodyKnowsIsAnError) {
  EXPECT_EQ(JudgeAnswer(Refusal(99)).outputs.status().number(), errors::kRemoteAnswer);
}

}  // namespace
}  // namespace slipway::serve
