#include "net/socket/local_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/error_catalogue.h"
#include "net/client/http_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

class LocalSocketTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/admin.sock"; }

 private:
  TemporaryDirectory folder_ = TemporaryDirectory::Create("local").value();
};

TEST_F(LocalSocketTest, AServerAnswersThere) {
  TestService service;
  std::string peer;
  std::uint64_t network = 1;
  service.plan = [&](const RequestHead& head, BodyPlan&) {
    peer = head.peer;
    network = head.network;
  };
  {
    const auto server = HttpServer::Listen({.address = "unix:" + path()}, service).value();
    server->Start();
    struct stat file{};
    ASSERT_EQ(stat(path().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777u, 0600u) << "its owner's alone";
    HttpClient client(ParseHttpUrl("unix:" + path()).value());
    const Result<HttpAnswer> answer = client.Send({.target = "/a"});
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->body, "GET a ? []");
    EXPECT_EQ(peer, "unix");
    EXPECT_EQ(network, 0u);
  }
  EXPECT_NE(access(path().c_str(), F_OK), 0) << "it is gone with its server";
}

// Fault E10: a socket of this machine
TEST_F(LocalSocketTest, OneThatNobodyListensAtIsReplaced) {
  {
    const FileDescriptor left = ListenLocally(path(), 1).value();
  }
  EXPECT_EQ(ConnectLocally(path()).status().number(), errors::kServerUnreachable);
  const Result<FileDescriptor> again = ListenLocally(path(), 1);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(ConnectLocally(path()).ok());
  EXPECT_EQ(ListenLocally(path(), 1).status().number(), errors::kAddressInUse);
}

TEST_F(LocalSocketTest, AFileIsNotTakenForOne) {
  ASSERT_TRUE(WriteFileAtomically(path(), "mine").ok());
  EXPECT_EQ(ListenLocally(path(), 1).status().number(), errors::kAddressInUse);
  EXPECT_EQ(ReadFile(path()).value(), "mine");
}

TEST_F(LocalSocketTest, APathHasItsBounds) {
  EXPECT_EQ(ListenLocally("", 1).status().number(), errors::kUsage);
  EXPECT_EQ(ListenLocally(std::string(200, 'a'), 1).status().number(), errors::kUsage);
  EXPECT_EQ(ConnectLocally(std::string(200, 'a')).status().number(), errors::kUsage);
  EXPECT_EQ(LocalPath("127.0.0.1"), std::nullopt);
  EXPECT_EQ(LocalPath("unix:/a"), "/a");
}

}  // namespace
}  // namespace slipway::net
