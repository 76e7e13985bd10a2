#include "server/http_test_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "base/text.h"

namespace slipway::server {
namespace {

std::size_t ContentLength(std::string_view head) {
  for (const std::string_view line : Split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        EqualsIgnoreCase(line.substr(0, colon), "Content-Length")) {
      return ParseUint64(Trim(line.substr(colon + 1))).value_or(0);
    }
  }
  return 0;
}

}  // namespace

HttpTestClient::HttpTestClient(std::uint16_t port)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{.sin_family = AF_INET,
                      .sin_port = htons(port),
                      .sin_addr = {htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
  const int on = 1;
  (void)setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    socket_.Close();
}

HttpTestClient::Answer HttpTestClient::Get(std::string_view path, std::string_view headers) {
  Send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers));
  return Receive();
}

HttpTestClient::Answer HttpTestClient::Post(std::string_view path, std::string_view body,
                                            std::string_view headers) {
  Send(fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path,
                   body.size(), headers, body));
  return Receive();
}

bool HttpTestClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

HttpTestClient::Answer HttpTestClient::Receive() {
  std::size_t head_end = std::string::npos;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return {};
  }
  const std::size_t body_start = head_end + 4;
  Answer answer{.head = buffer_.substr(0, body_start)};
  const std::size_t length = ContentLength(answer.head);
  while (buffer_.size() < body_start + length) {
    if (!ReadMore()) return {};
  }
  answer.body = buffer_.substr(body_start, length);
  buffer_.erase(0, body_start + length);
  constexpr std::size_t kStatusOffset = 9;  // behind "HTTP/1.1 "
  answer.status = static_cast<int>(ParseInt64(answer.head.substr(kStatusOffset, 3)).value_or(0));
  return answer;
}

bool HttpTestClient::ReadMore() {
  std::array<char, 65536> bytes{};
  const ssize_t received = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (received <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(received));
  return true;
}

}  // namespace slipway::server
