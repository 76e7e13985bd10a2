#include "net/socket/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace slipway::net {
namespace {

constexpr std::size_t kOwnedPrefixBytes = 8;

const sockaddr_in& AsV4(const SocketAddress& address) {
  return *reinterpret_cast<const sockaddr_in*>(address.data());
}

const sockaddr_in6& AsV6(const SocketAddress& address) {
  return *reinterpret_cast<const sockaddr_in6*>(address.data());
}

bool IsV4(const SocketAddress& address) { return address.data()->sa_family == AF_INET; }
bool IsLocal(const SocketAddress& address) { return address.data()->sa_family == AF_UNIX; }

constexpr const char* kLocal = "unix";

std::string Numeric(const SocketAddress& address) {
  char text[NI_MAXHOST] = "";
  getnameinfo(address.data(), address.size(), text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

}  // namespace

Result<SocketAddress> SocketAddress::Parse(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string numeric = address == "localhost" ? "127.0.0.1" : address;
  const std::string service = std::to_string(port);
  if (getaddrinfo(numeric.c_str(), service.c_str(), &hints, &found) != 0) {
    return InvalidArgument(fmt::format("\"{}\" is not an address to listen on", address))
        .Hint("say a numeric address, such as 127.0.0.1 or ::1");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  SocketAddress result;
  std::memcpy(result.data(), found->ai_addr, found->ai_addrlen);
  result.size_ = found->ai_addrlen;
  return result;
}

std::string SocketAddress::Text() const {
  if (IsLocal(*this)) return kLocal;
  if (IsV4(*this)) return fmt::format("{}:{}", Numeric(*this), port());
  return fmt::format("[{}]:{}", Numeric(*this), port());
}

std::string SocketAddress::Host() const {
  if (!IsLocal(*this)) return Numeric(*this);
  const auto* const local = reinterpret_cast<const sockaddr_un*>(data());
  const std::size_t length =
      size() - std::min<std::size_t>(size(), offsetof(sockaddr_un, sun_path));
  // Up to its end, which a path marks and a name in the abstract namespace does not.
  const std::string path(local->sun_path, length);
  return "unix:" +
         (path.starts_with('\0') ? "@" + path.substr(1) : path.substr(0, path.find('\0')));
}

std::uint16_t SocketAddress::port() const {
  if (IsLocal(*this)) return 0;
  return ntohs(IsV4(*this) ? AsV4(*this).sin_port : AsV6(*this).sin6_port);
}

std::string SocketAddress::Counted() const {
  if (IsLocal(*this)) return kLocal;
  if (IsV4(*this)) return Numeric(*this);
  const in6_addr& address = AsV6(*this).sin6_addr;
  const char* bytes = reinterpret_cast<const char*>(&address);
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return {bytes, kOwnedPrefixBytes};
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, bytes + sizeof address - sizeof(in_addr), text, sizeof text);
  return text;
}

std::uint64_t SocketAddress::Network() const {
  if (IsLocal(*this)) return 0;
  if (IsV4(*this)) return ntohl(AsV4(*this).sin_addr.s_addr);
  const std::uint8_t* const bytes = AsV6(*this).sin6_addr.s6_addr;
  const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&AsV6(*this).sin6_addr);
  const std::span part = is_v4 ? std::span(bytes + 12, 4) : std::span(bytes, kOwnedPrefixBytes);
  std::uint64_t network = 0;
  for (const std::uint8_t byte : part) network = network << 8 | byte;
  return network;
}

}  // namespace slipway::net
