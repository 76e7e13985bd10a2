#include "cli/served_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "access/admin_key.h"
#include "net/client/http_url.h"
#include "net/socket/local_socket.h"

namespace slipway::cli {
namespace {

std::string HostOf(const std::string& address, const std::vector<std::string>& names) {
  const bool is_any = address == "0.0.0.0" || address == "::";
  const std::string host = is_any ? "127.0.0.1" : address;
  for (const std::string& wanted : {host, std::string("localhost")})
    if (std::ranges::find(names, wanted) != names.end()) return wanted;
  return names.empty() || names.front().starts_with('*') ? host : names.front();
}

/// As one word of a shell.
std::string ShellWord(const std::string& text) {
  const bool is_plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/._-+,:=@%").find(c) != std::string_view::npos;
  });
  if (is_plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

ServedAddress AddressOf(const server::ServerOptions& options, std::uint16_t port,
                        const std::optional<net::CertificateFacts>& certificate) {
  ServedAddress address{.url = "", .curl = "curl -s"};
  const std::optional<std::string> local = net::LocalPath(options.address);
  net::HttpUrl url{.host = HostOf(options.address, {}), .port = port, .path = ""};
  if (local) {
    url.host = "localhost";
    url.port = options.tls ? 443 : 80;
    address.curl += " --unix-socket " + ShellWord(*local);
  }
  if (certificate && options.tls) {
    url.host = HostOf(options.address, certificate->names);
    url.tls = true;
    if (certificate->is_self_signed)
      address.curl += " --cacert " + ShellWord(options.tls->certificate_file);
    if (!options.tls->client_ca_file.empty()) address.curl += " --cert CERTIFICATE --key KEY";
  }
  if (!access::IsOpen(options.openness, access::Right::kInfer)) {
    address.curl += fmt::format(" -H \"Slipway-Key: $(cat {})\"",
                                ShellWord(access::AdminKeyPath(options.store_folder)));
  }
  address.url = url.Origin();
  return address;
}

}  // namespace slipway::cli
