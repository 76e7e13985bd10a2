#include "net/http_server.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "net/address_counts.h"
#include "net/connection.h"
#include "net/event_loop.h"
#include "net/response_head.h"
#include "net/server_context.h"

namespace slipway::net {
namespace {

using boost::asio::ip::tcp;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr std::chrono::milliseconds kLongestTick{100};
constexpr std::chrono::milliseconds kShortestTick{5};

/// Often enough for the shortest time to be kept within a quarter.
std::chrono::milliseconds TickFor(const HttpLimits& limits) {
  const auto shortest = std::min({limits.header_timeout, limits.idle_timeout, limits.body_grace,
                                  limits.write_stall, limits.drain_linger});
  return std::clamp(shortest / 4, kShortestTick, kLongestTick);
}

/// Half of the process's descriptors are for everything else.
HttpLimits WithinDescriptors(HttpLimits limits) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur != RLIM_INFINITY) {
    limits.connections = std::min<std::size_t>(limits.connections,
                                               static_cast<std::size_t>(descriptors.rlim_cur / 2));
  }
  return limits;
}

Result<tcp::endpoint> ParseEndpoint(const std::string& address, std::uint16_t port) {
  if (address == "localhost") return tcp::endpoint(boost::asio::ip::address_v4::loopback(), port);
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error) {
    return InvalidArgument(fmt::format("\"{}\" is not an address to listen on", address))
        .Hint("say a numeric address, such as 127.0.0.1 or ::1");
  }
  return tcp::endpoint(parsed, port);
}

Status ListenError(const boost::system::error_code& error, const std::string& address,
                   std::uint16_t port) {
  const std::string where = fmt::format("{}:{}", address, port);
  if (error == boost::asio::error::address_in_use) {
    return AlreadyExists(fmt::format("{} is in use by another program", where))
        .With(errors::kAddressInUse)
        .Hint("choose another port with --port, or --port 0 for any free one");
  }
  return ErrnoStatus(error.value(), fmt::format("cannot listen on {}", where));
}

/// What connections are counted by: an IPv4 address, or the /64 an IPv6 client owns.
std::string CountedAddress(const boost::asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .to_string();
  }
  const auto bytes = address.to_v6().to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), 8};
}

std::string PeerName(const tcp::endpoint& peer) {
  const std::string address = peer.address().to_string();
  return peer.address().is_v4() ? fmt::format("{}:{}", address, peer.port())
                                : fmt::format("[{}]:{}", address, peer.port());
}

class AsioHttpServer final : public HttpServer {
 public:
  AsioHttpServer(const HttpServerOptions& options, HttpService& service)
      : context_(WithinDescriptors(options.limits), service),
        addresses_(options.limits.connections_per_address) {
    for (unsigned i = 0; i < std::max(1u, options.loops); ++i)
      loops_.push_back(std::make_shared<EventLoop>(TickFor(options.limits), service, i));
    acceptor_.emplace(loops_.front()->context());
    accept_retry_.emplace(loops_.front()->context());
  }

  ~AsioHttpServer() override {
    if (started_) {
      EndAccepting();
      for (const auto& loop : loops_) loop->Stop();
    }
    // The acceptor and the timer belong to the first loop's context.
    acceptor_.reset();
    accept_retry_.reset();
  }

  Status Open(const HttpServerOptions& options) {
    SLIPWAY_TRY(const tcp::endpoint endpoint, ParseEndpoint(options.address, options.port));
    boost::system::error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(kBacklog, error);
    if (!error) acceptor_->non_blocking(true, error);
    if (!error) port_ = acceptor_->local_endpoint(error).port();
    return error ? ListenError(error, options.address, options.port) : Status();
  }

  std::uint16_t port() const override { return port_; }

  void Start() override {
    if (std::exchange(started_, true)) return;
    for (const auto& loop : loops_) loop->Start();
    loops_.front()->Post([this] { ArmAccept(); });
  }

  std::uint64_t Drain(std::chrono::milliseconds timeout) override {
    if (!started_) return 0;
    const auto until = std::chrono::steady_clock::now() + timeout;
    context_.draining = true;
    EndAccepting();
    for (const auto& loop : loops_) SweepNow(*loop);
    if (!WaitUntilClosed(until)) {
      for (const auto& loop : loops_)
        loop->Post([loop = loop.get()] {
          loop->ForEach([](Connection& connection) { connection.Abort(); });
        });
      WaitUntilClosed(std::nullopt);
    }
    return context_.dropped_in_drain;
  }

  ConnectionCounts Counts() const override {
    return {.open = context_.open,
            .accepted_total = context_.accepted,
            .refused_total = context_.refused,
            .requests_total = context_.requests,
            .requests_in_flight = context_.in_flight,
            .dropped_in_drain_total = context_.dropped_in_drain};
  }

 private:
  void ArmAccept() {
    if (!acceptor_->is_open()) return;
    acceptor_->async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
      if (error || !acceptor_->is_open()) return;
      if (AcceptAll()) return ArmAccept();
      // No descriptor or memory for one more: the queue waits instead of the processor.
      accept_retry_->expires_after(kAcceptRetry);
      accept_retry_->async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) ArmAccept();
      });
    });
  }

  /// Takes what is queued. False if the process cannot have more connections now.
  bool AcceptAll() {
    for (;;) {
      tcp::endpoint peer;
      socklen_t size = static_cast<socklen_t>(peer.capacity());
      FileDescriptor socket(
          accept4(acceptor_->native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.valid()) {
        peer.resize(size);
        Admit(std::move(socket), peer);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return true;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return false;
      }
    }
  }

  void Admit(FileDescriptor socket, const tcp::endpoint& peer) {
    const std::string address = CountedAddress(peer.address());
    if (context_.open >= context_.limits.connections || !addresses_.Enter(address)) {
      ++context_.refused;
      return TurnAway(socket.get());
    }
    ++context_.open;
    ++context_.accepted;
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto loop = *std::ranges::min_element(
        loops_, {}, [](const auto& candidate) { return candidate->load().load(); });
    ++loop->load();
    loop->Post([this, loop, address, peer, socket = socket.Release()] {
      Adopt(socket, peer, address, loop);
    });
  }

  /// One answer for people who wonder; a client that does not read it is not waited for.
  void TurnAway(int socket) {
    const Response response = context_.service.ErrorResponse(
        503, "the server has as many connections as it may", nullptr);
    std::string text;
    AppendResponseHead(
        response,
        {.content_length = response.BodyBytes(), .date = loops_.front()->Date(), .close = true},
        text);
    text.append(response.text);
    (void)send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(socket, SHUT_WR);
  }

  /// On the connection's own loop.
  void Adopt(int descriptor, const tcp::endpoint& peer, const std::string& address,
             const std::shared_ptr<EventLoop>& loop) {
    const auto on_close = [this, address, loop = loop.get()] {
      addresses_.Leave(address);
      --loop->load();
      --context_.open;
      if (context_.draining) NotifyClosed();
    };
    Socket socket(loop->context());
    boost::system::error_code error;
    socket.assign(peer.protocol(), descriptor, error);
    if (error) {
      FileDescriptor(descriptor).Close();
      return on_close();
    }
    std::make_shared<Connection>(std::move(socket), PeerName(peer), loop, context_, on_close)
        ->Start();
  }

  void NotifyClosed() {
    std::lock_guard lock(context_.mutex);
    context_.something_closed.notify_all();
  }

  /// Takes over what is queued, so that nobody who connected is reset, and closes the acceptor.
  void EndAccepting() {
    loops_.front()->Post([this] {
      if (acceptor_->is_open()) AcceptAll();
      boost::system::error_code ignored;
      acceptor_->close(ignored);
      accept_retry_->cancel();
      std::lock_guard lock(context_.mutex);
      accepting_ended_ = true;
      context_.something_closed.notify_all();
    });
    std::unique_lock lock(context_.mutex);
    context_.something_closed.wait(lock, [this] { return accepting_ended_; });
  }

  static void SweepNow(EventLoop& loop) {
    loop.Post([&loop] {
      const MonotonicTime now = std::chrono::steady_clock::now();
      loop.ForEach([now](Connection& connection) { connection.Sweep(now); });
    });
  }

  bool WaitUntilClosed(std::optional<MonotonicTime> until) {
    std::unique_lock lock(context_.mutex);
    const auto all_closed = [this] { return context_.open == 0; };
    if (until) return context_.something_closed.wait_until(lock, *until, all_closed);
    context_.something_closed.wait(lock, all_closed);
    return true;
  }

  ServerContext context_;
  AddressCounts addresses_;
  std::vector<std::shared_ptr<EventLoop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<boost::asio::steady_timer> accept_retry_;
  std::uint16_t port_ = 0;
  bool started_ = false;
  bool accepting_ended_ = false;  ///< guarded by context_.mutex
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const HttpServerOptions& options,
                                                       HttpService& service) {
  auto server = std::make_unique<AsioHttpServer>(options, service);
  SLIPWAY_RETURN_IF_ERROR(server->Open(options));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace slipway::net
