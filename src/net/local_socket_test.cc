#include "net/local_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/error_catalogue.h"
#include "net/test_service.h"

namespace slipway::net {
namespace {

class LocalSocketTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/admin.sock"; }
  FileDescriptor Connect() const {
    FileDescriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path().data(), path().size());
    if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      client.Close();
    return client;
  }

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
    const FileDescriptor client = Connect();
    ASSERT_TRUE(client.valid());
    const std::string request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(write(client.get(), request.data(), request.size()),
              static_cast<ssize_t>(request.size()));
    char answer[512] = "";
    ASSERT_GT(read(client.get(), answer, sizeof answer - 1), 0);
    EXPECT_EQ(std::string(answer).substr(0, 12), "HTTP/1.1 200");
    EXPECT_EQ(peer, "unix");
    EXPECT_EQ(network, 0u);
  }
  EXPECT_NE(access(path().c_str(), F_OK), 0) << "it is gone with its server";
}

TEST_F(LocalSocketTest, OneThatNobodyListensAtIsReplaced) {
  {
    const FileDescriptor left = ListenLocally(path(), 1).value();
  }
  EXPECT_FALSE(Connect().valid());
  const Result<FileDescriptor> again = ListenLocally(path(), 1);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(Connect().valid());
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
  EXPECT_EQ(LocalPath("127.0.0.1"), std::nullopt);
  EXPECT_EQ(LocalPath("unix:/a"), "/a");
}

}  // namespace
}  // namespace slipway::net
