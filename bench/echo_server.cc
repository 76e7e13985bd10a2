// The reference of the request benchmarks: one epoll thread that reads HTTP/1.1 requests and
// answers each with the same bytes. It parses no more than it needs to know where a request ends,
// so what a server costs above it is what the server itself costs.
//
//   echo_server ANSWER_BYTES    prints its port and serves until it is killed

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

struct Connection {
  std::string head;
  std::size_t missing = 0;  // body bytes still to come
};

std::size_t ContentLength(const std::string& head) {
  const std::size_t at = head.find("ontent-");
  const std::size_t length = at == std::string::npos ? at : head.find("ength: ", at);
  if (length == std::string::npos) return 0;
  std::size_t value = 0;
  for (std::size_t i = length + 7; i < head.size() && head[i] >= '0' && head[i] <= '9'; ++i) {
    value = value * 10 + static_cast<std::size_t>(head[i] - '0');
  }
  return value;
}

/// Consumes `bytes`; true when a request is complete.
bool Feed(Connection& connection, const char* bytes, std::size_t count) {
  if (connection.missing > 0) {
    connection.missing -= std::min(connection.missing, count);
    return connection.missing == 0;
  }
  connection.head.append(bytes, count);
  const std::size_t end = connection.head.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::size_t length = ContentLength(connection.head);
  const std::size_t have = connection.head.size() - end - 4;
  connection.head.clear();
  connection.missing = length - std::min(length, have);
  return connection.missing == 0;
}

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 1024) != 0)
    std::abort();
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void Accept(int epoll, int listener, std::map<int, Connection>& connections) {
  const int client = accept(listener, nullptr, nullptr);
  if (client < 0) return;
  const int one = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = client;
  epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
  connections[client] = {};
}

void SendAll(int client, const std::string& answer) {
  std::size_t sent = 0;
  while (sent < answer.size()) {
    const ssize_t count = send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t bytes =
      argc > 1 ? static_cast<std::size_t>(std::strtoull(argv[1], nullptr, 10)) : 16;
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
  const int listener = Listen();
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::map<int, Connection> connections;
  static char buffer[1 << 18];
  epoll_event events[64];
  for (;;) {
    const int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int client = events[i].data.fd;
      if (client == listener) {
        Accept(epoll, listener, connections);
        continue;
      }
      const ssize_t received = recv(client, buffer, sizeof buffer, 0);
      if (received <= 0) {
        close(client);
        connections.erase(client);
      } else if (Feed(connections[client], buffer, static_cast<std::size_t>(received))) {
        SendAll(client, answer);
      }
    }
  }
}
