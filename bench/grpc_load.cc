// The load of the gRPC benchmarks: a closed loop of one message to ModelInfer over several
// connections with several calls on each. It never sleeps, for the reason that load.cc says.
//
//   bench_grpc_load PORT CONNECTIONS CALLS MILLISECONDS MESSAGE_FILE    prints one line of JSON
//
// MESSAGE_FILE holds the message with its five bytes of framing.

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/load_report.h"
#include "net/client/connector.h"
#include "print_report.h"

namespace {

using namespace slipway;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kPath = "/inference.GRPCInferenceService/ModelInfer";

nghttp2_nv Field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

struct Plan {
  net::HttpUrl server;
  std::size_t connections = 1;
  std::size_t calls = 1;  ///< at one time, on each connection
  std::chrono::milliseconds duration{0};
  std::string message;
};

struct Call {
  std::size_t sent = 0;
  bool succeeded = false;
  MonotonicTime started;
};

/// One connection and its calls; a call that ends begins anew.
class Connection {
 public:
  Connection(const Plan& plan, cli::LoadReport& report, net::Transport transport)
      : plan_(plan), report_(report), transport_(std::move(transport)), calls_(plan.calls) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    // As large as the server takes them, as the public libraries do; the library's own choice is 16
    // KiB.
    nghttp2_session_callbacks_set_data_source_read_length_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t session_window,
           std::int32_t stream_window, std::uint32_t frame_bytes, void*) -> ssize_t {
          return std::min<ssize_t>({session_window, stream_window, frame_bytes});
        });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    constexpr std::int32_t kWindow = 1 << 24;
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
    for (Call& call : calls_) Begin(call);
  }
  Connection(const Connection&) = delete;
  ~Connection() { nghttp2_session_del(session_); }

  int socket() const { return transport_.descriptor(); }
  bool waits_for_room() const { return unsent_ < output_.size(); }

  Status Receive(std::string& buffer) {
    const ssize_t count = recv(socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (count <= 0) return Unavailable("the server closed a connection");
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(buffer.data());
    if (nghttp2_session_mem_recv(session_, bytes, static_cast<std::size_t>(count)) < 0)
      return DataLoss("what the server sends is not HTTP/2");
    return Send();
  }

  Status Send() {
    if (!waits_for_room()) {
      output_.clear();
      unsent_ = 0;
      const std::uint8_t* bytes = nullptr;
      for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;)
        output_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    }
    while (waits_for_room()) {
      const ssize_t count = send(socket(), output_.data() + unsent_, output_.size() - unsent_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
      if (count < 0) return Unavailable("the server closed a connection");
      unsent_ += static_cast<std::size_t>(count);
    }
    return {};
  }

 private:
  void Begin(Call& call) {
    call = {.started = std::chrono::steady_clock::now()};
    const std::string& authority = plan_.server.host;
    const nghttp2_nv head[] = {Field(":method", "POST"),
                               Field(":scheme", "http"),
                               Field(":path", kPath),
                               Field(":authority", authority),
                               Field("content-type", "application/grpc"),
                               Field("te", "trailers")};
    const nghttp2_data_provider body{.source = {.ptr = &call}, .read_callback = ReadMessage};
    nghttp2_submit_request(session_, nullptr, head, std::size(head), &body, &call);
  }

  static Call* CallOf(nghttp2_session* session, std::int32_t stream) {
    return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static ssize_t ReadMessage(nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                             std::size_t length, std::uint32_t* flags, nghttp2_data_source* source,
                             void* self) {
    Call& call = *static_cast<Call*>(source->ptr);
    const std::string& message = static_cast<Connection*>(self)->plan_.message;
    const std::size_t count = std::min(length, message.size() - call.sent);
    std::memcpy(buffer, message.data() + call.sent, count);
    call.sent += count;
    if (call.sent == message.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_length, const std::uint8_t* value,
                      std::size_t value_length, std::uint8_t, void*) {
    const std::string_view field(reinterpret_cast<const char*>(name), name_length);
    if (field != "grpc-status") return 0;
    if (Call* call = CallOf(session, frame->hd.stream_id))
      call->succeeded = value_length == 1 && *value == '0';
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t, void* self) {
    Call* const call = CallOf(session, stream);
    if (call == nullptr) return 0;
    auto& connection = *static_cast<Connection*>(self);
    const auto took = std::chrono::steady_clock::now() - call->started;
    if (call->succeeded) {
      ++connection.report_.answers;
      connection.report_.latencies.push_back(std::chrono::duration<float>(took).count());
    } else {
      ++connection.report_.failures;
    }
    connection.Begin(*call);
    return 0;
  }

  const Plan& plan_;
  cli::LoadReport& report_;
  net::Transport transport_;
  nghttp2_session* session_ = nullptr;
  std::vector<Call> calls_;
  std::string output_;
  std::size_t unsent_ = 0;
};

Result<cli::LoadReport> RunLoad(const Plan& plan) {
  cli::LoadReport report;
  std::string buffer(kReadBytes, '\0');
  const FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  net::Connector connector(plan.server);
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    SLIPWAY_TRY(net::Transport transport, connector.Connect());
    connections.push_back(std::make_unique<Connection>(plan, report, std::move(transport)));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connections.back().get()}};
    epoll_ctl(epoll.get(), EPOLL_CTL_ADD, connections.back()->socket(), &event);
    SLIPWAY_RETURN_IF_ERROR(connections.back()->Send());
  }
  const Stopwatch watch;
  while (watch.Elapsed() < plan.duration) {
    epoll_event events[64];
    const int ready = epoll_wait(epoll.get(), events, std::size(events), 0);
    for (int i = 0; i < ready; ++i)
      SLIPWAY_RETURN_IF_ERROR(static_cast<Connection*>(events[i].data.ptr)->Receive(buffer));
    for (const auto& connection : connections) {
      if (connection->waits_for_room()) SLIPWAY_RETURN_IF_ERROR(connection->Send());
    }
  }
  report.seconds = watch.Seconds();
  std::ranges::sort(report.latencies);
  return report;
}

Result<Plan> ReadPlan(char** arguments) {
  const auto port = ParseUint64(arguments[0]);
  const auto connections = ParseUint64(arguments[1]);
  const auto calls = ParseUint64(arguments[2]);
  const auto milliseconds = ParseUint64(arguments[3]);
  if (!port || !connections || !calls || !milliseconds) return InvalidArgument("not a number");
  Plan plan;
  plan.server = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(*port), .path = ""};
  plan.connections = *connections;
  plan.calls = *calls;
  plan.duration = std::chrono::milliseconds(*milliseconds);
  SLIPWAY_TRY(plan.message, ReadFile(arguments[4]));
  return plan;
}

Status Run(char** arguments) {
  SLIPWAY_TRY(const Plan plan, ReadPlan(arguments));
  SLIPWAY_TRY(const cli::LoadReport report, RunLoad(plan));
  PrintReport(report);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: {} PORT CONNECTIONS CALLS MILLISECONDS MESSAGE_FILE\n", argv[0]);
    return 2;
  }
  const slipway::Status status = Run(argv + 1);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.ToString());
  return 1;
}
