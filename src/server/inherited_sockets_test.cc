#include "server/inherited_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error_catalogue.h"
#include "net/socket/local_socket.h"
#include "net/socket/socket_address.h"

namespace slipway::server {
namespace {

constexpr int kFirst = 200;  // nothing else of the test's has so high a descriptor

/// What a service manager does before it starts a service.
class Passed : public testing::Test {
 protected:
  ~Passed() override {
    for (int i = 0; i < 3; ++i) close(kFirst + i);
  }

  static void PassAt(int descriptor, const std::string& address, bool listens = true) {
    net::SocketAddress wanted = net::SocketAddress::Parse(address, 0).value();
    const FileDescriptor made(socket(wanted.data()->sa_family, SOCK_STREAM, 0));
    ASSERT_EQ(bind(made.get(), wanted.data(), wanted.size()), 0);
    if (listens) {
      ASSERT_EQ(listen(made.get(), 1), 0);
    }
    ASSERT_EQ(dup2(made.get(), descriptor), descriptor);
  }

  static void Say(const char* count, const char* names, pid_t process = getpid()) {
    setenv("LISTEN_PID", std::to_string(process).c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    setenv("LISTEN_FDNAMES", names, 1);
  }
};

TEST_F(Passed, SocketsComeWithTheirNamesAndAddresses) {
  PassAt(kFirst, "127.0.0.1");
  PassAt(kFirst + 1, "0.0.0.0");
  Say("2", "main:admin");
  const auto sockets = TakeInheritedSockets(kFirst).value();
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].name, "main");
  EXPECT_EQ(sockets[0].address, "127.0.0.1");
  EXPECT_EQ(sockets[1].name, "admin");
  EXPECT_EQ(sockets[1].address, "0.0.0.0");
}

TEST_F(Passed, NoChildInheritsThem) {
  PassAt(kFirst, "127.0.0.1");
  Say("1", "main");
  const auto sockets = TakeInheritedSockets(kFirst).value();
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  EXPECT_EQ(fcntl(kFirst, F_GETFD), FD_CLOEXEC);
}

TEST_F(Passed, ASocketOfThisMachineHasItsPathForAnAddress) {
  const auto folder = TemporaryDirectory::Create("slipway-passed-").value();
  const std::string path = folder.path() + "/a.sock";
  const FileDescriptor made = net::ListenLocally(path, 1).value();
  ASSERT_EQ(dup2(made.get(), kFirst), kFirst);
  Say("1", "");
  EXPECT_EQ(TakeInheritedSockets(kFirst).value().at(0).address, "unix:" + path);
}

TEST_F(Passed, ThoseOfAnotherProcessAreNotOurs) {
  Say("1", "main", getpid() + 1);
  EXPECT_TRUE(TakeInheritedSockets(kFirst).value().empty());
}

TEST_F(Passed, WhatDoesNotListenIsRefused) {
  PassAt(kFirst, "127.0.0.1", /*listens=*/false);
  Say("1", "main");
  const Status refused = TakeInheritedSockets(kFirst).status();
  EXPECT_EQ(refused.number(), errors::kUsage);
  EXPECT_THAT(refused.message(), testing::HasSubstr("does not listen"));
}

TEST_F(Passed, WhatIsNotOpenOrNoNumberIsRefused) {
  for (const char* count : {"1", "17", "-1", "many"}) {
    Say(count, "");
    EXPECT_EQ(TakeInheritedSockets(kFirst).status().code(), Code::kInvalidArgument) << count;
  }
}

TEST(Listen, TheWidestAddressDecidesWhatIsAskedOfClients) {
  std::vector<InheritedSocket> sockets;
  sockets.push_back({.name = "main", .address = "127.0.0.1"});
  sockets.push_back({.name = "main", .address = "0.0.0.0"});
  sockets.push_back({.name = "admin", .address = "unix:/run/a.sock"});
  sockets.push_back({.name = "", .address = "::1"});
  ServerOptions options;
  Listen(std::move(sockets), options);
  EXPECT_EQ(options.address, "0.0.0.0");
  EXPECT_EQ(options.sockets.size(), 3u);
  EXPECT_EQ(options.admin->address, "unix:/run/a.sock");
  EXPECT_EQ(options.admin->sockets.size(), 1u);
}

}  // namespace
}  // namespace slipway::server
