#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "net/client/http_url.h"

// A server for tests of clients: says what a script says.
namespace slipway::net {

/// What a server does with one connection.
using Script = std::function<void(int socket)>;

/// Accepts one connection for each script, in order, on a free port.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<Script> scripts)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    EXPECT_EQ(getsockname(listener_.get(), generic, &size), 0);
    url_ = {.host = "127.0.0.1", .port = ntohs(address.sin_port), .path = ""};
    thread_ = std::thread([this, scripts = std::move(scripts)] {
      for (const Script& script : scripts) {
        const FileDescriptor accepted(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted.valid()) script(accepted.get());
      }
    });
  }
  ~ScriptedServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  const HttpUrl& url() const { return url_; }

 private:
  FileDescriptor listener_;
  HttpUrl url_;
  std::thread thread_;
};

/// For scripts: reads up to the end of a head and `body_bytes` more.
inline std::string ReadRequest(int socket, std::size_t body_bytes = 0) {
  std::string request;
  std::size_t head_end = std::string::npos;
  while (head_end == std::string::npos || request.size() < head_end + 4 + body_bytes) {
    char buffer[4096];
    const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    request.append(buffer, static_cast<std::size_t>(count));
    head_end = request.find("\r\n\r\n");
  }
  return request;
}

inline void Say(int socket, std::string_view text) {
  (void)send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

/// Answers one request after another.
inline Script Answering(std::vector<std::string> answers) {
  return [answers = std::move(answers)](int socket) {
    for (const std::string& answer : answers) {
      ReadRequest(socket);
      Say(socket, answer);
    }
  };
}

}  // namespace slipway::net
