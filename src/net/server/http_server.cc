#include "net/server/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "net/http/response_head.h"
#include "net/http/server_context.h"
#include "net/server/acceptor.h"
#include "net/server/address_counts.h"
#include "net/server/connection.h"
#include "net/server/event_loop.h"
#include "net/socket/socket_address.h"

namespace slipway::net {
namespace {

constexpr std::chrono::milliseconds kLongestTick{100};
constexpr std::chrono::milliseconds kShortestTick{5};
/// How long those who connect at the end of accepting may take over it.
constexpr std::chrono::milliseconds kHandshake{20};

/// Often enough for the shortest time to be kept within a quarter.
std::chrono::milliseconds TickFor(const HttpLimits& limits) {
  const auto shortest =
      std::min({limits.header_timeout, limits.idle_timeout, limits.body_grace, limits.write_stall,
                limits.tls_handshake_timeout, limits.drain_linger});
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

class LoopingHttpServer final : public HttpServer {
 public:
  LoopingHttpServer(const HttpServerOptions& options, HttpService& service)
      : context_(WithinDescriptors(options.limits), service, options.tls),
        addresses_(options.limits.connections_per_address),
        given_(std::max(1u, options.loops)) {
    for (unsigned i = 0; i < std::max(1u, options.loops); ++i)
      loops_.push_back(std::make_shared<EventLoop>(TickFor(options.limits), service, i));
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options.sockets.size()); ++i)
      AddAcceptor();
  }

  ~LoopingHttpServer() override {
    if (started_) {
      EndAccepting();
      for (const auto& loop : loops_) loop->Stop();
    }
  }

  Status Open(const HttpServerOptions& options) {
    for (const auto& loop : loops_) SLIPWAY_RETURN_IF_ERROR(loop->Open());
    if (options.sockets.empty()) return acceptors_.front()->Listen(options.address, options.port);
    for (std::size_t i = 0; i < options.sockets.size(); ++i)
      acceptors_[i]->Adopt(std::move(*options.sockets[i]));
    return {};
  }

  std::uint16_t port() const override {
    const auto first = std::ranges::find_if(
        acceptors_, [](const auto& acceptor) { return acceptor->port() != 0; });
    return first == acceptors_.end() ? 0 : (*first)->port();
  }

  void Start() override {
    if (std::exchange(started_, true)) return;
    for (const auto& loop : loops_) loop->Start();
    loops_.front()->Post([this] {
      for (const auto& acceptor : acceptors_) acceptor->Start();
    });
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
            .handshakes_failed_total = context_.handshakes_failed,
            .requests_total = context_.requests,
            .requests_in_flight = context_.in_flight,
            .dropped_in_drain_total = context_.dropped_in_drain};
  }

  bool LoopsAnswer() override {
    const auto has_answered = [this](const auto& given) { return given == asked_; };
    if (!std::ranges::all_of(given_, has_answered)) return false;
    ++asked_;
    for (std::size_t i = 0; i < loops_.size(); ++i)
      loops_[i]->Post([this, i, sign = asked_] { given_[i] = sign; });
    return true;
  }

 private:
  void AddAcceptor() {
    acceptors_.push_back(std::make_unique<Acceptor>(
        *loops_.front(), [this](FileDescriptor socket, const SocketAddress& peer) {
          Admit(std::move(socket), peer);
        }));
  }

  void Admit(FileDescriptor socket, const SocketAddress& peer) {
    const std::string address = peer.Counted();
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
    loop->Post([this, loop, address, from = Peer{.address = peer.Text(), .network = peer.Network()},
                socket = socket.Release()] { Adopt(FileDescriptor(socket), from, address, loop); });
  }

  /// One answer for people who wonder; a client that does not read it is not waited for.
  void TurnAway(int socket) {
    if (context_.tls) return;  // it would understand nothing before a handshake
    const Response response = context_.service.ErrorResponse(
        503, "the server has as many connections as it may", nullptr);
    const std::string text = WholeAnswer(response, loops_.front()->Date());
    (void)send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(socket, SHUT_WR);
  }

  /// On the connection's own loop.
  void Adopt(FileDescriptor socket, const Peer& peer, const std::string& address,
             const std::shared_ptr<EventLoop>& loop) {
    const auto on_close = [this, address, loop = loop.get()] {
      addresses_.Leave(address);
      --loop->load();
      --context_.open;
      if (context_.draining) NotifyClosed();
    };
    std::make_shared<Connection>(Transport(std::move(socket)), peer, loop, context_, on_close)
        ->Start();
  }

  void NotifyClosed() {
    std::lock_guard lock(context_.mutex);
    context_.something_closed.notify_all();
  }

  void EndAccepting() {
    std::atomic<bool> is_anybody_on_the_way = false;
    OnFirstLoop([&] {
      for (const auto& acceptor : acceptors_)
        if (acceptor->TurnAway()) is_anybody_on_the_way = true;
    });
    if (is_anybody_on_the_way) std::this_thread::sleep_for(kHandshake);
    OnFirstLoop([this] {
      for (const auto& acceptor : acceptors_) acceptor->Stop();
    });
  }

  /// Returns when it was done.
  void OnFirstLoop(std::function<void()> work) {
    const auto done = std::make_shared<std::promise<void>>();
    std::future<void> is_done = done->get_future();
    loops_.front()->Post([work = std::move(work), done] {
      work();
      done->set_value();
    });
    is_done.wait();
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
  std::vector<std::unique_ptr<Acceptor>> acceptors_;  ///< on the first loop
  bool started_ = false;
  std::uint64_t asked_ = 0;                        ///< signs of life, of each loop
  std::vector<std::atomic<std::uint64_t>> given_;  ///< by loop
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const HttpServerOptions& options,
                                                       HttpService& service) {
  auto server = std::make_unique<LoopingHttpServer>(options, service);
  SLIPWAY_RETURN_IF_ERROR(server->Open(options));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace slipway::net
