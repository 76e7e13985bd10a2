#include "net/socket/socket_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::net {
namespace {

TEST(SocketAddress, ReadsNumericAddresses) {
  EXPECT_EQ(SocketAddress::Parse("127.0.0.1", 80)->Text(), "127.0.0.1:80");
  EXPECT_EQ(SocketAddress::Parse("localhost", 8080)->Text(), "127.0.0.1:8080");
  EXPECT_EQ(SocketAddress::Parse("::1", 65535)->Text(), "[::1]:65535");
  EXPECT_EQ(SocketAddress::Parse("0.0.0.0", 0)->port(), 0);
}

TEST(SocketAddress, RefusesNames) {
  for (const char* name : {"", "example.org", "127.0.0.1:80", "[::1]", "300.1.1.1"}) {
    const Status status = SocketAddress::Parse(name, 80).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << name;
    EXPECT_THAT(status.hint(), testing::HasSubstr("numeric")) << name;
  }
}

TEST(SocketAddress, CountsWhatAClientOwnsAsOne) {
  const auto counted = [](const char* address) {
    return SocketAddress::Parse(address, 1)->Counted();
  };
  EXPECT_EQ(counted("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(counted("::ffff:10.0.0.1"), counted("10.0.0.1"));
  EXPECT_EQ(counted("2001:db8:0:1::1"), counted("2001:db8:0:1:ffff::2"));
  EXPECT_NE(counted("2001:db8:0:1::1"), counted("2001:db8:0:2::1"));
}

TEST(SocketAddress, SaysWhatAClientOwnsAsANumber) {
  const auto network = [](const char* address) {
    return SocketAddress::Parse(address, 1)->Network();
  };
  EXPECT_EQ(network("10.0.0.1"), 0x0A000001U);
  EXPECT_EQ(network("::ffff:10.0.0.1"), network("10.0.0.1"));
  EXPECT_EQ(network("2001:db8:0:1:ffff::2"), 0x20010DB800000001U);
}

}  // namespace
}  // namespace slipway::net
