#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "base/file.h"

namespace slipway::server {

/// For tests: what a service manager listens with, a datagram socket.
class Notified {
 public:
  /// `path`: "@name" is in the abstract namespace; empty: a file in a folder of its own.
  explicit Notified(std::string path = "")
      : folder_(TemporaryDirectory::Create("slipway-notified-").value()),
        path_(path.empty() ? folder_.path() + "/notify" : std::move(path)),
        socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::ranges::copy(path_, std::span(address.sun_path).begin());
    if (path_.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }

  const std::string& path() const { return path_; }

  /// Waits at most ten seconds; then "".
  std::string Next() const {
    pollfd ready{.fd = socket_.get(), .events = POLLIN};
    if (poll(&ready, 1, 10'000) != 1) return "";
    char text[4096];
    const ssize_t count = recv(socket_.get(), text, sizeof text, 0);
    return count < 0 ? "" : std::string(text, static_cast<std::size_t>(count));
  }
  bool IsSilent() const {
    pollfd ready{.fd = socket_.get(), .events = POLLIN};
    return poll(&ready, 1, 0) == 0;
  }

 private:
  const TemporaryDirectory folder_;
  const std::string path_;
  const FileDescriptor socket_;
};

}  // namespace slipway::server
