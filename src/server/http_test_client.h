#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"

namespace slipway::server {

/// A blocking HTTP/1.1 client for tests: one keep-alive connection to the loopback address.
class HttpTestClient {
 public:
  struct Answer {
    int status = 0;  ///< 0: the connection ended without an answer
    std::string head;
    std::string body;
  };

  explicit HttpTestClient(std::uint16_t port);
  bool connected() const { return socket_.valid(); }

  Answer Get(std::string_view path, std::string_view headers = "");
  Answer Post(std::string_view path, std::string_view body, std::string_view headers = "");

  /// The two halves of a request. `headers`: lines that end in CRLF.
  bool Send(std::string_view bytes);
  Answer Receive();

 private:
  bool ReadMore();

  FileDescriptor socket_;
  std::string buffer_;
};

}  // namespace slipway::server
