#include "server/server_options.h"

#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::server {
namespace {

const ThreadBudget kFourCores{.cores = 4};
constexpr std::uint64_t kMemory = 4096;

TEST(IsLoopback, KnowsTheAddressesThatOnlyThisMachineReaches) {
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(IsLoopback(address)) << address;
  for (const char* address :
       {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "", "127.0.0.1.example.org"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(Decided, RefusesAnAddressThatOthersReach) {
  const Status refusal = Decided({.address = "0.0.0.0"}, kFourCores, kMemory).status();
  EXPECT_EQ(refusal.number(), errors::kInsecureAddress);
  EXPECT_NE(refusal.hint().find("--insecure"), std::string::npos);
}

TEST(Decided, TakesAnyAddressWithTls) {
  EXPECT_TRUE(
      Decided({.address = "0.0.0.0", .tls = net::TlsServerOptions{}}, kFourCores, kMemory).ok());
}

TEST(Decided, ClosesWhatOthersReachUnlessTheyShowACertificateOrItIsMeantToBeOpen) {
  using access::Openness;
  const net::TlsServerOptions tls;
  net::TlsServerOptions mutual;
  mutual.client_ca_file = "ca.crt";
  const std::pair<ServerOptions, Openness> cases[] = {
      {{}, Openness::kToThisMachine},
      {{.require_key = true}, Openness::kToNobody},
      {{.address = "0.0.0.0", .tls = tls}, Openness::kToNobody},
      {{.address = "0.0.0.0", .tls = mutual}, Openness::kToInference},
      {{.address = "0.0.0.0", .tls = tls, .insecure = true}, Openness::kToInference},
      {{.address = "0.0.0.0", .insecure = true}, Openness::kToInference},
      {{.address = "0.0.0.0", .insecure = true, .require_key = true}, Openness::kToNobody},
  };
  for (const auto& [options, openness] : cases)
    EXPECT_EQ(Decided(options, kFourCores, kMemory).value().openness, openness);
}

TEST(Decided, WaitsBeforeDrainingOnlyWhereALoadBalancerMayBe) {
  EXPECT_EQ(Decided({}, kFourCores, kMemory).value().drain_delay, std::chrono::milliseconds(0));
  EXPECT_EQ(
      Decided({.address = "0.0.0.0", .insecure = true}, kFourCores, kMemory).value().drain_delay,
      std::chrono::seconds(5));
  EXPECT_EQ(
      Decided({.drain_delay = std::chrono::seconds(1)}, kFourCores, kMemory).value().drain_delay,
      std::chrono::seconds(1));
}

TEST(Decided, TakesThreadsFromTheBudget) {
  const ServerOptions decided = Decided({.workers = 2}, kFourCores, kMemory).value();
  EXPECT_EQ(decided.loops, 4u);
  EXPECT_EQ(decided.workers, 2u);
}

TEST(Decided, LetsAQuarterOfTheMemoryWait) {
  EXPECT_EQ(Decided({}, kFourCores, kMemory).value().max_queued_bytes, 1024u);
  EXPECT_EQ(Decided({.max_queued_bytes = 5}, kFourCores, kMemory).value().max_queued_bytes, 5u);
}

}  // namespace
}  // namespace slipway::server
