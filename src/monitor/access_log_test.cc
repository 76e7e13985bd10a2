#include "monitor/access_log.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "monitor/access_line.h"

namespace slipway::monitor {
namespace {

using std::chrono::microseconds;

constexpr WallTime kNow{std::chrono::milliseconds(1'700'000'000'500)};

telemetry::RequestEvent AnInference() {
  return {.protocol = "v2",
          .route = "infer",
          .pattern = "/v2/models/{model}/infer",
          .method = "POST",
          .path = "/v2/models/mnist/infer",
          .peer = "127.0.0.1:41234",
          .caller = "key",
          .caller_id = "0123abcd",
          .request_id = "r-1",
          .traceparent = "",
          .tracestate = "",
          .model = "mnist",
          .version = 3,
          .code = 200,
          .bytes_in = 120,
          .bytes_out = 340,
          .batch_rows = 4,
          .queue = microseconds(10),
          .batch = microseconds(20),
          .compute = microseconds(1'000'030),
          .encode = microseconds(40),
          .total = microseconds(1'500'000)};
}

KeptRequest Kept(const telemetry::RequestEvent& event) {
  KeptRequest request;
  request.Keep(event, kNow);
  return request;
}

std::string LineOf(const telemetry::RequestEvent& event) {
  std::string line;
  AppendAccessLine(Kept(event), line);
  return line;
}

TEST(AccessLine, SaysWhoAskedForWhatAndHowLongEachStageTook) {
  EXPECT_EQ(LineOf(AnInference()),
            R"({"time":"2023-11-14T22:13:19.000Z","request_id":"r-1","from":"127.0.0.1:41234",)"
            R"("caller":"key","caller_id":"0123abcd","protocol":"v2","route":"infer",)"
            R"("method":"POST","path":"/v2/models/mnist/infer","model":"mnist","version":3,)"
            R"("code":200,"bytes_in":120,"bytes_out":340,"batch_rows":4,)"
            R"("queue_seconds":0.000010,"batch_seconds":0.000020,"compute_seconds":1.000030,)"
            R"("encode_seconds":0.000040,"total_seconds":1.500000})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatARequestDoesNotHave) {
  telemetry::RequestEvent event{.protocol = "v2", .route = "live", .method = "GET", .code = 200};
  const Json line = ParseJson(LineOf(event)).value();
  for (const char* const absent : {"model", "version", "batch_rows", "queue_seconds", "caller_id",
                                   "request_id", "trace_id", "cached"})
    EXPECT_FALSE(line.contains(absent)) << absent;
  EXPECT_EQ(line["code"], 200);
}

// Bad input S12: line ends, escapes and JSON breaks in what clients send are escaped and cut in the
// access log
TEST(AccessLine, AClientsTextCannotLeaveItsString) {
  telemetry::RequestEvent event = AnInference();
  const std::string hostile = "\",\"code\":0}\n\x1b[31m\xff\\" + std::string(10'000, '\x01');
  event.path = event.request_id = event.model = event.peer = hostile;
  event.caller_id = hostile;
  const std::string line = LineOf(event);
  EXPECT_LE(line.size(), kMostAccessLineBytes);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char c : line) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  const Json json = ParseJson(line).value();
  EXPECT_EQ(json["code"], 200);
  EXPECT_EQ(json["request_id"].get<std::string>().substr(0, 21),
            "\",\"code\":0}\n\x1b[31m\xef\xbf\xbd\\");
}

TEST(AccessLine, EveryFieldHasANameOfItsOwnAndAMeaning) {
  std::set<std::string_view> names;
  for (const AccessField& field : AccessFields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_FALSE(field.meaning.empty()) << field.name;
  }
}

TEST(AccessLog, AppendsALineForEachRequestWhenTheyAreFlushed) {
  const TemporaryDirectory folder = TemporaryDirectory::Create("access").value();
  const std::string path = folder.path() + "/access.log";
  const auto log = AccessLog::Open({.path = path}).value();
  log->Take(Kept(AnInference()));
  log->Take(Kept(AnInference()));
  EXPECT_EQ(ReadFile(path).value(), "");
  log->Flush();
  EXPECT_EQ(ReadFile(path).value(), LineOf(AnInference()) + LineOf(AnInference()));
  EXPECT_EQ(log->written(), 2U);
}

// Fault E12: what is lost is counted
TEST(AccessLog, WhatTheDiskDoesNotTakeIsCounted) {
  const auto log = AccessLog::Open({.path = "/dev/full"}).value();
  log->Take(Kept(AnInference()));
  log->Flush();
  EXPECT_EQ(log->lost(), 1U);
  EXPECT_EQ(log->written(), 0U);
}

}  // namespace
}  // namespace slipway::monitor
