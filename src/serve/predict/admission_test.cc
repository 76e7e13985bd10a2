#include "serve/predict/admission.h"

#include <gtest/gtest.h>

#include <limits>

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PredictorOptions kOptions{
    .workers = 2, .inline_below = microseconds(1000), .max_queued = 4, .max_queued_bytes = 100};

struct Row {
  const char* name;
  AdmissionSnapshot snapshot;
  Admission expected;
};

TEST(DecideAdmission, FollowsTheTable) {
  const Row rows[] = {
      {"quick and nobody waits",
       {.run_time = microseconds(60), .remaining = seconds(1)},
       Admission::kRunHere},
      {"as slow as the bound",
       {.run_time = microseconds(1000), .remaining = seconds(1)},
       Admission::kWait},
      {"never measured", {.remaining = seconds(1)}, Admission::kWait},
      {"quick, but many rows",
       {.run_time = microseconds(60), .rows = 20, .remaining = seconds(1)},
       Admission::kWait},
      {"as many rows as a client can say",
       {.run_time = microseconds(60),
        .rows = std::numeric_limits<std::int64_t>::max(),
        .remaining = seconds(1)},
       Admission::kWait},
      {"no rows at all",
       {.run_time = microseconds(60), .rows = 0, .remaining = seconds(1)},
       Admission::kRunHere},
      {"quick, but others wait",
       {.run_time = microseconds(60), .remaining = seconds(1), .waiting = 1},
       Admission::kWait},
      {"the queue is full",
       {.run_time = milliseconds(5), .remaining = seconds(1), .waiting = 4},
       Admission::kQueueFull},
      {"the bytes just fit",
       {.remaining = seconds(1), .waiting = 1, .request_bytes = 40, .waiting_bytes = 60},
       Admission::kWait},
      {"the bytes do not fit",
       {.remaining = seconds(1), .waiting = 1, .request_bytes = 41, .waiting_bytes = 60},
       Admission::kMemoryFull},
      {"those before it end in time",
       {.pace = {.each = milliseconds(10)}, .remaining = milliseconds(15), .waiting = 3},
       Admission::kWait},
      {"those before it do not end in time",
       {.pace = {.each = milliseconds(10)}, .remaining = milliseconds(14), .waiting = 3},
       Admission::kTooLate},
      {"those before it share runs, in which each takes less than alone",
       {.run_time = milliseconds(10),
        .pace = {.each = milliseconds(2), .run = milliseconds(10)},
        .remaining = milliseconds(14),
        .waiting = 3},
       Admission::kWait},
      {"those before it end in time, but not its own run",
       {.pace = {.each = milliseconds(2), .run = milliseconds(12)},
        .remaining = milliseconds(14),
        .waiting = 3},
       Admission::kTooLate},
      {"nobody is before it",
       {.pace = {.each = seconds(2), .run = seconds(2)}, .remaining = milliseconds(1)},
       Admission::kWait},
      {"quick, but it waits for company",
       {.run_time = microseconds(60), .remaining = seconds(1), .awaits_company = true},
       Admission::kWait},
      {"those of lower priority do not count",
       {.pace = {.each = milliseconds(10)},
        .remaining = milliseconds(14),
        .waiting = 3,
        .lower = 1},
       Admission::kWait},
      {"past its deadline", {.run_time = microseconds(60)}, Admission::kExpired},
  };
  for (const Row& row : rows)
    EXPECT_EQ(DecideAdmission(row.snapshot, kOptions), row.expected) << row.name;
}

}  // namespace
}  // namespace slipway::serve
