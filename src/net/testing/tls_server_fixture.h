#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/client/connector.h"
#include "net/server/http_server.h"
#include "net/testing/test_certificates.h"

// A server that speaks TLS and what looks into it, for tests.
namespace slipway::net {

inline constexpr std::string_view kRequest = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

inline std::unique_ptr<HttpServer> StartTlsServer(HttpService& service,
                                                  const TlsServerOptions& files,
                                                  const HttpLimits& limits = {}) {
  auto certificates = TlsCertificates::Load(files);
  if (!certificates.ok()) std::abort();
  auto server =
      HttpServer::Listen({.port = 0, .limits = limits, .tls = std::move(*certificates)}, service);
  if (!server.ok()) std::abort();
  (*server)->Start();
  return std::move(*server);
}

inline HttpUrl UrlOf(const HttpServer& server, std::string host = "127.0.0.1") {
  return {.host = std::move(host), .port = server.port(), .tls = true, .path = ""};
}

/// The bytes inside of TLS, as they are.
class RawTlsClient {
 public:
  RawTlsClient(const HttpServer& server, const std::string& ca_file)
      : transport_(Connected(server, ca_file)) {}

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const iovec vector{const_cast<char*>(bytes.data()), bytes.size()};
      const IoResult sent = transport_.Send({&vector, 1});
      if (sent.state == IoResult::State::kWaitsForRoom) Wait(POLLOUT);
      if (sent.state == IoResult::State::kBroken) return false;
      bytes.remove_prefix(sent.count);
    }
    return true;
  }
  /// What comes until it holds `end`, or until the end.
  std::string ReceiveUntil(std::string_view end) {
    std::string received;
    char buffer[65536];
    for (;;) {
      const IoResult read = transport_.Receive(buffer);
      if (read.state == IoResult::State::kWaitsForInput) Wait(POLLIN);
      state_ = read.state;
      if (state_ == IoResult::State::kEnded || state_ == IoResult::State::kBroken) return received;
      received.append(buffer, read.count);
      if (!end.empty() && received.find(end) != std::string::npos) return received;
    }
  }
  std::string ReceiveAll() { return ReceiveUntil(""); }
  /// True if the server said that it sends no more, where ReceiveAll() found the end.
  bool EndedInOrder() const { return state_ == IoResult::State::kEnded; }
  Transport& transport() { return transport_; }

 private:
  static Transport Connected(const HttpServer& server, const std::string& ca_file) {
    Result<Transport> made = Connector(UrlOf(server), {.tls = {.ca_file = ca_file}}).Connect();
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? std::move(*made) : Transport();
  }
  void Wait(short events) {
    ASSERT_NE(WaitFor(transport_.descriptor(), events,
                      std::chrono::steady_clock::now() + std::chrono::seconds(60)),
              0);
  }

  Transport transport_;
  IoResult::State state_ = IoResult::State::kMoved;
};

}  // namespace slipway::net
