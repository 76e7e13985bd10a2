#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/socket/tls_context.h"
#include "server/server_options.h"

namespace slipway::cli {

/// How a server is reached from the machine it runs on.
struct ServedAddress {
  std::string url;   ///< "https://localhost:8080": a browser here can open it
  std::string curl;  ///< the program and what it needs to believe in the server: "curl -s"
};

/// `certificate`: what the server shows; absent without TLS. The URL has a name that the
/// certificate is for, if there is any. Pure.
ServedAddress AddressOf(const server::ServerOptions& options, std::uint16_t port,
                        const std::optional<net::CertificateFacts>& certificate);

}  // namespace slipway::cli
