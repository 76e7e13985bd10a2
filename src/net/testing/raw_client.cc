#include "net/testing/raw_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"

namespace slipway::net {

RawClient::RawClient(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address{.sin_family = AF_INET,
                            .sin_port = htons(port),
                            .sin_addr = {htonl(INADDR_LOOPBACK)},
                            .sin_zero = {}};
  const int on = 1;
  const timeval limit{60, 0};
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    socket_.Close();
}

std::string RawClient::Answer::Header(std::string_view name) const {
  for (const std::string_view line : Split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && EqualsIgnoreCase(line.substr(0, colon), name))
      return std::string(Trim(line.substr(colon + 1)));
  }
  return "";
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawClient::ReadMore() {
  char buffer[65536];
  const ssize_t count = recv(socket_.get(), buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

RawClient::Answer RawClient::Receive(bool to_head) {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return {};
  }
  Answer answer;
  answer.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  answer.status = static_cast<int>(ParseInt64(answer.head.substr(9, 3)).value_or(0));
  const std::uint64_t length =
      to_head ? 0 : ParseUint64(answer.Header("Content-Length")).value_or(0);
  while (received_.size() < length) {
    if (!ReadMore()) return {};
  }
  answer.body = received_.substr(0, length);
  received_.erase(0, length);
  return answer;
}

bool RawClient::EndsNow() {
  if (!received_.empty()) return false;
  char byte = 0;
  return recv(socket_.get(), &byte, 1, 0) == 0;
}

std::string RawClient::ReceiveSome() {
  if (received_.empty()) ReadMore();
  return std::exchange(received_, {});
}

std::string RawClient::ReceiveAll() {
  while (ReadMore()) {
  }
  return std::move(received_);
}

void RawClient::FinishSending() { shutdown(socket_.get(), SHUT_WR); }

void RawClient::Reset() {
  const linger now{1, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.Close();
}

}  // namespace slipway::net
