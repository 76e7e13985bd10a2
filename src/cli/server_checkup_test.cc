#include "cli/server_checkup.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/version.h"

namespace slipway::cli {
namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kNow = 1'800'000'000;

ServerReading Healthy() {
  return {.is_ready = true,
          .version = std::string(kVersion),
          .clock_ahead_seconds = 1,
          .models = std::vector<ServedVersion>{{.name = "iris", .version = "1", .state = "READY"}},
          .metrics =
              "# HELP process_open_fds x\nprocess_open_fds 50\nprocess_max_fds 1000\n"
              "process_resident_memory_bytes 500\n"
              "slipway_requests_total{code=\"200\"} 600\n"
              "slipway_requests_total{code=\"503\"} 400\n",
          .configuration = R"({"facts":{"cores":"2 of 8 cores: x","loops":"2","workers":"2",)"
                           R"("memory_bytes":"1000"},"limits":{}})",
          .store_free_bytes = std::uint64_t{1} << 40,
          .now_unix_seconds = kNow};
}

/// "fail", and whether it says what to do; "" for no such finding.
std::string VerdictOf(const ServerReading& reading, std::string_view subject) {
  const std::vector<Finding> findings = JudgeServer(reading);
  const auto found = std::ranges::find(findings, subject, &Finding::subject);
  if (found == findings.end()) return "";
  EXPECT_EQ(found->fix.empty(), found->verdict == Verdict::kPass) << found->detail;
  return std::string(VerdictName(found->verdict));
}

TEST(ServerCheckup, AHealthyServerPasses) {
  for (const Finding& finding : JudgeServer(Healthy()))
    EXPECT_EQ(finding.verdict, Verdict::kPass) << finding.subject << ": " << finding.detail;
}

TEST(ServerCheckup, AServerThatIsNotReadyFails) {
  ServerReading reading = Healthy();
  reading.is_ready = false;
  EXPECT_EQ(VerdictOf(reading, "ready"), "fail");
}

TEST(ServerCheckup, AModelThatFailedIsNamedWithItsReason) {
  ServerReading reading = Healthy();
  reading.models->push_back(
      {.name = "bad", .version = "2", .state = "UNAVAILABLE", .reason = "no such operator"});
  reading.models->push_back(
      {.name = "old", .version = "1", .state = "UNAVAILABLE", .reason = "unloaded"});
  EXPECT_EQ(VerdictOf(reading, "model bad:2"), "fail");
  EXPECT_EQ(VerdictOf(reading, "model old:1"), "");
  EXPECT_EQ(VerdictOf(reading, "models"), "pass");
}

TEST(ServerCheckup, WhatIsNotShownWithoutAKeyIsSaid) {
  ServerReading reading = Healthy();
  reading.models.reset();
  reading.metrics.reset();
  reading.configuration.reset();
  EXPECT_EQ(VerdictOf(reading, "models"), "warn");
  EXPECT_EQ(VerdictOf(reading, "descriptors"), "");
}

TEST(ServerCheckup, VersionsAndClocksShallAgree) {
  ServerReading reading = Healthy();
  reading.version = "0.0.1";
  EXPECT_EQ(VerdictOf(reading, "version"), "warn");
  for (const auto& [ahead, verdict] : {std::pair{5, "pass"}, {-6, "warn"}, {-301, "fail"}}) {
    reading.clock_ahead_seconds = ahead;
    EXPECT_EQ(VerdictOf(reading, "clock"), verdict) << ahead;
  }
}

TEST(ServerCheckup, ACertificateThatExpiresSoonIsWarnedOf) {
  ServerReading reading = Healthy();
  const std::string page = *reading.metrics;
  EXPECT_EQ(VerdictOf(reading, "certificate"), "");
  for (const auto& [left, verdict] :
       {std::pair{8 * kDay, "pass"}, {6 * kDay, "warn"}, {0, "fail"}}) {
    reading.metrics = page + "slipway_tls_certificate_expiry_timestamp_seconds " +
                      std::to_string(kNow + left) + "\n";
    EXPECT_EQ(VerdictOf(reading, "certificate"), verdict) << left;
  }
}

TEST(ServerCheckup, SharesAreJudged) {
  struct Case {
    std::string_view line;
    std::string_view subject;
    std::string_view verdict;
  };
  for (const Case& row :
       {Case{"slipway_rejected_total{reason=\"queue_full\"} 2\n", "queues", "warn"},
        Case{"slipway_rejected_total{reason=\"deadline\"} 60\n", "queues", "fail"},
        Case{"slipway_rejected_total{reason=\"client_gone\"} 60\n", "queues", "pass"},
        Case{"slipway_connections_refused_total 1\n", "connections", "warn"},
        Case{"process_open_fds 760\n", "descriptors", "warn"},
        Case{"process_open_fds 910\n", "descriptors", "fail"},
        Case{"process_resident_memory_bytes 360\n", "memory", "warn"},
        Case{"process_resident_memory_bytes 480\n", "memory", "fail"},
        Case{"slipway_audit_lost_total 1\n", "audit log", "fail"}}) {
    ServerReading reading = Healthy();
    *reading.metrics += row.line;
    EXPECT_EQ(VerdictOf(reading, row.subject), row.verdict) << row.line;
  }
}

TEST(ServerCheckup, MoreLoopsThanCoresAreWarnedOf) {
  ServerReading reading = Healthy();
  reading.configuration = R"({"facts":{"cores":"1 of 8 cores: x","loops":"2","workers":"2"}})";
  EXPECT_EQ(VerdictOf(reading, "cores"), "warn");
}

TEST(ServerCheckup, ADiskThatIsFullFails) {
  ServerReading reading = Healthy();
  reading.store_free_bytes = std::uint64_t{100} << 20;
  EXPECT_EQ(VerdictOf(reading, "store"), "warn");
  reading.store_free_bytes = 0;
  EXPECT_EQ(VerdictOf(reading, "store"), "fail");
}

TEST(ServerCheckup, APageThatIsNoneOfOursIsPassedOver) {
  ServerReading reading = Healthy();
  reading.metrics = "process_open_fds\nprocess_open_fds nan\nprocess_max_fds{ 1e999\n\n{";
  reading.configuration = R"({"facts":[1]})";
  EXPECT_EQ(VerdictOf(reading, "descriptors"), "");
  EXPECT_EQ(VerdictOf(reading, "memory"), "");
}

}  // namespace
}  // namespace slipway::cli
