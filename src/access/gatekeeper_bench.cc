// What letting a request in costs: open to everybody, with quotas by network, with a key and
// without or with its quota. Nanoseconds of a thread's CPU for each, and the ratio to the SHA-256
// of a key, which is the least that a key can cost. Medians of rounds in turn.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "access/gatekeeper.h"
#include "access/grant_file.h"
#include "base/clock.h"
#include "base/file.h"

namespace slipway::access {
namespace {

constexpr int kRounds = 21;
constexpr int kEach = 20'000;
constexpr Quota kNeverUsedUp{.rate = {.per_second = 1e6, .burst = 1e6}, .in_flight = 1000};

struct Head {
  const std::string_view* Find(std::string_view name) const {
    return name == "slipway-key" && !key.empty() ? &key : nullptr;
  }
  bool Repeated(std::string_view) const { return false; }

  std::string_view key;
  const std::vector<std::string>* certificate = nullptr;
  std::uint64_t network = 0x7F000001;
};

double ThreadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double NanosecondsOf(const std::function<bool()>& run) {
  const double start = ThreadNanoseconds();
  for (int i = 0; i < kEach; ++i) {
    if (!run()) std::abort();
  }
  return (ThreadNanoseconds() - start) / kEach;
}

std::string KeyWith(const std::string& store, const Quota& quota) {
  const GrantTerms terms{.name = "shop", .roles = {Role::kInfer}, .quota = quota};
  return AddKey(store, terms, 0).value().text;
}

int Run() {
  const TemporaryDirectory store = TemporaryDirectory::Create("gate").value();
  const SystemClock clock;
  const std::string plain = KeyWith(store.path(), {});
  const std::string counted = KeyWith(store.path(), kNeverUsedUp);
  const auto gate = [&](Openness openness, const Quota& anonymous) {
    return Gatekeeper::ForStore(store.path(), {.openness = openness, .anonymous = anonymous}, clock)
        .value();
  };
  const auto open = gate(Openness::kToThisMachine, {});
  const auto limited = gate(Openness::kToThisMachine, kNeverUsedUp);
  const auto closed = gate(Openness::kToNobody, {});
  const auto admits = [](const Gatekeeper& keeper, std::string_view key) {
    return keeper.Admit(Right::kInfer, Head{.key = key}).status.ok();
  };
  struct Case {
    const char* name;
    std::function<bool()> run;
    std::vector<double> times = {};
  };
  std::vector<Case> cases = {
      {"the SHA-256 of a key", [&] { return Sha256Of(plain) != Digest{}; }},
      {"open to everybody", [&] { return admits(*open, ""); }},
      {"open, with a quota by network", [&] { return admits(*limited, ""); }},
      {"a key", [&] { return admits(*closed, plain); }},
      {"a key with a quota", [&] { return admits(*closed, counted); }}};
  for (int round = 0; round < kRounds; ++round)
    for (Case& one : cases) one.times.push_back(NanosecondsOf(one.run));
  double first = 0;
  for (Case& one : cases) {
    std::ranges::nth_element(one.times, one.times.begin() + kRounds / 2);
    const double median = one.times[kRounds / 2];
    if (first == 0) first = median;
    fmt::print("{:<32} {:8.1f} ns {:6.2f}\n", one.name, median, median / first);
  }
  return 0;
}

}  // namespace
}  // namespace slipway::access

int main() { return slipway::access::Run(); }
