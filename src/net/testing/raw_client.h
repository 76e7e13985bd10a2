#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"

namespace slipway::net {

/// For tests: one socket to a server on the loopback address, and the bytes as they are. Waits at
/// most a minute for anything.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);

  struct Answer {
    int status = 0;  ///< 0: the connection ended first
    std::string head;
    std::string body;
    /// The value of a header, "" if absent.
    std::string Header(std::string_view name) const;
  };

  /// False once the server has closed.
  bool Send(std::string_view bytes);
  /// One answer; `to_head`: it answers HEAD, so no body follows.
  Answer Receive(bool to_head = false);
  Answer Ask(std::string_view request) {
    Send(request);
    return Receive();
  }
  /// True if nothing but the end of the connection comes.
  bool EndsNow();
  /// What comes next, at least a byte; empty at the end of the connection.
  std::string ReceiveSome();
  /// What comes until the end of the connection.
  std::string ReceiveAll();
  void FinishSending();
  /// Closes with a reset.
  void Reset();
  int socket() const { return socket_.get(); }

 private:
  bool ReadMore();

  FileDescriptor socket_;
  std::string received_;
};

}  // namespace slipway::net
