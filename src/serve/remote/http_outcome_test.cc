#include "serve/remote/http_outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::Not;
using Health = RemoteOutcome::Health;

net::HttpAnswer Answer(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

RemoteOutcome JudgeAnswer(const Result<net::HttpAnswer>& answer, bool was_connected = true) {
  return JudgeHttp({.server = "far",
                    .outputs = {"y"},
                    .was_connected = was_connected,
                    .may_have_begun = was_connected},
                   answer);
}

TEST(JudgeHttp, AnOutputThatIsThereIsTheAnswer) {
  const RemoteOutcome outcome =
      JudgeAnswer(Answer(200, R"({"outputs":[{"name":"y","datatype":"UINT8","shape":[2],)"
                              R"("parameters":{"binary_data_size":2}}]})"));
  EXPECT_FALSE(outcome.outputs.ok()) << "its bytes are missing";
  net::HttpAnswer whole = Answer(200, R"({"outputs":[{"name":"y","datatype":"UINT8","shape":[2],)"
                                      R"("parameters":{"binary_data_size":2}}]})");
  whole.headers.emplace_back("inference-header-content-length", std::to_string(whole.body.size()));
  whole.body += "ab";
  const RemoteOutcome read = JudgeAnswer(whole);
  ASSERT_TRUE(read.outputs.ok()) << read.outputs.status().ToString();
  EXPECT_EQ(read.health, Health::kAlive);
  EXPECT_EQ(read.outputs->at(0).shape(), Shape{2});
}

struct Row {
  int status;
  Code code;
  ErrorNumber number;
  Health health;
  bool may_retry;
};

TEST(JudgeHttp, ARefusalIsToldAsItIsMeant) {
  const Row rows[] = {
      {400, Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive, false},
      {401, Code::kInternal, errors::kRemoteAnswer, Health::kAlive, false},
      {404, Code::kInternal, errors::kRemoteAnswer, Health::kAlive, false},
      {429, Code::kUnavailable, errors::kRemoteUnavailable, Health::kAlive, false},
      {500, Code::kInternal, errors::kRemoteAnswer, Health::kAlive, false},
      {502, Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, false},
      {503, Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, true},
      {504, Code::kDeadlineExceeded, errors::kRemoteUnavailable, Health::kFailing, false}};
  for (const Row& row : rows) {
    const RemoteOutcome outcome = JudgeAnswer(Answer(row.status, R"({"error":"because"})"));
    const Status status = outcome.outputs.status();
    EXPECT_EQ(status.code(), row.code) << row.status;
    EXPECT_EQ(status.number(), row.number) << row.status;
    EXPECT_EQ(status.message(), "server \"far\" says: because") << row.status;
    EXPECT_EQ(outcome.health, row.health) << row.status;
    EXPECT_EQ(outcome.may_retry, row.may_retry) << row.status;
  }
}

TEST(JudgeHttp, OnlyARequestThatCannotHaveArrivedIsSentAgain) {
  const Status broken = Unavailable("nothing listens at 10.0.0.7:80");
  const RemoteOutcome refused = JudgeAnswer(broken, false);
  EXPECT_TRUE(refused.may_retry);
  EXPECT_EQ(refused.outputs.status().message(), "server \"far\" cannot be reached");
  const RemoteOutcome ended = JudgeAnswer(broken, true);
  EXPECT_FALSE(ended.may_retry);
  EXPECT_THAT(ended.outputs.status().message(), HasSubstr("without an answer"));
}

TEST(JudgeHttp, AServerThatHadNoTimeIsNotBlamed) {
  const Result<net::HttpAnswer> late[] = {DeadlineExceeded("no answer from 10.0.0.7:80"),
                                          Answer(504, "")};
  for (const Result<net::HttpAnswer>& answer : late) {
    RemoteOutcome outcome = JudgeAnswer(answer);
    EXPECT_EQ(outcome.outputs.status().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(outcome.health, Health::kFailing);
    ExcuseLateness(outcome);
    EXPECT_EQ(outcome.health, Health::kUnknown);
  }
  RemoteOutcome busy = JudgeAnswer(Answer(503, ""));
  ExcuseLateness(busy);
  EXPECT_EQ(busy.health, Health::kFailing) << "it was not late";
}

// Bad input R1: a remote step's server that answers with what is no answer
TEST(JudgeHttp, WhatIsNoAnswerIsAnErrorThatNamesNoAddress) {
  const Result<net::HttpAnswer> answers[] = {
      Answer(200, ""),
      Answer(200, "<html>"),
      Answer(200, R"({"outputs":[]})"),
      Answer(200, R"({"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1]}]})"),
      DataLoss("not HTTP").At("10.0.0.7:80"),
      ResourceExhausted("more than 64 MiB").At("10.0.0.7:80"),
      FailedPrecondition("10.0.0.7 is not trusted").With(errors::kTlsUntrustedServer)};
  for (const Result<net::HttpAnswer>& answer : answers) {
    const RemoteOutcome outcome = JudgeAnswer(answer);
    EXPECT_EQ(outcome.outputs.status().number(), errors::kRemoteAnswer);
    EXPECT_EQ(outcome.health, Health::kFailing);
    EXPECT_FALSE(outcome.may_retry);
    EXPECT_THAT(outcome.outputs.status().ToString(), HasSubstr("\"far\""));
    EXPECT_THAT(outcome.outputs.status().ToString(), Not(HasSubstr("10.0.0.7")));
  }
}

}  // namespace
}  // namespace slipway::serve
