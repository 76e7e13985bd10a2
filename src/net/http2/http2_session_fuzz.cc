#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http2/http2_session.h"

namespace {

using slipway::net::Http2Session;
using slipway::net::Response;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kMostBody = 256;

/// Keeps the body of a streamed request, which it consumes as it is told of it.
class Handler final : public slipway::net::StreamHandler {
 public:
  void Take(std::span<const std::byte> bytes,
            const std::shared_ptr<slipway::net::BodyMemory>&) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void Open(std::shared_ptr<slipway::net::StreamExchange>) override {}
  void Work() override {}

  std::string body;
};

class Service final : public slipway::net::HttpService {
 public:
  slipway::net::BodyPlan Plan(const slipway::net::RequestHead& head) override {
    slipway::net::BodyPlan plan{.max_bytes = kMostBody, .aligned_offset = 3};
    if (head.target.starts_with("/s")) plan.stream = std::make_shared<Handler>();
    return plan;
  }
  void Serve(std::shared_ptr<slipway::net::Exchange>) override {}
  Response ErrorResponse(int status, std::string_view message,
                         const slipway::net::RequestHead*) override {
    return Response::Text(status, "text/plain", std::string(message));
  }
};

/// Small bounds, so that short inputs reach them.
slipway::net::HttpLimits Limits() {
  slipway::net::HttpLimits limits;
  limits.request_line_bytes = 64;
  limits.header_bytes = 512;
  limits.header_count = 6;
  limits.http2.streams = 4;
  limits.http2.resets = 4;
  limits.http2.control_frames = 16;
  limits.http2.empty_frames = 4;
  return limits;
}

std::string Describe(const Http2Session::Request& request) {
  const auto body = request.body.bytes();
  if (body.size() > kMostBody || request.head.headers.size() > 7) std::abort();
  std::string text(request.head.method_text);
  text.append(" ").append(request.head.target);
  for (const auto& [name, value] : request.head.headers)
    text.append("\n").append(name).append(": ").append(value);
  return text.append("\n").append(reinterpret_cast<const char*>(body.data()), body.size());
}

/// Answers a streamed request in two pieces.
void AnswerStreamed(Http2Session& session, const Http2Session::Request& request) {
  const auto id = request.stream;
  session.Consume(id, static_cast<const Handler&>(*request.handler).body.size());
  session.Begin(id, Response{.content_type = "text/plain"}, "today");
  for (int i = 0; i < 2; ++i) {
    std::vector<slipway::net::BodyPart> parts;
    parts.push_back(slipway::net::BodyPart::Of(std::string(1000, 'y')));
    session.Send(id, std::move(parts));
    session.Write();
  }
  if (id % 4 == 1) session.End(id, {{"X-Status", "0"}});
}

/// Hands over some of the bytes as a connection does: in place where there is one. Returns how
/// many.
std::size_t Feed(Http2Session& session, std::string_view bytes, slipway::MonotonicTime now) {
  const std::span<std::byte> room = session.DirectRoom();
  if (room.empty()) {
    session.Receive(bytes, now);
    return bytes.size();
  }
  const std::size_t count = std::min(bytes.size(), room.size());
  std::memcpy(room.data(), bytes.data(), count);
  session.Fill(count, now);
  return count;
}

/// Everything the frames are taken for.
std::string Read(std::string_view bytes, std::size_t piece) {
  static const slipway::net::HttpLimits limits = Limits();
  Service service;
  slipway::net::ServerContext context(limits, service);
  slipway::net::OutputQueue output;
  std::string all;
  {
    slipway::MonotonicTime now{std::chrono::seconds(1)};
    Http2Session session(context, {.address = "peer"}, output, now);
    session.Receive(kPreface, now);
    while (!bytes.empty()) bytes.remove_prefix(Feed(session, bytes.substr(0, piece), now));
    while (const auto request = session.Next()) {
      all.append(std::to_string(request->stream)).append(" ").append(Describe(*request));
      if (request->handler) {
        // How much of a body came before it was refused is how it was cut.
        if (session.StateOf(request->stream).body_ended)
          all.append(static_cast<const Handler&>(*request->handler).body);
        AnswerStreamed(session, *request);
        continue;
      }
      Response response = Response::Text(200, "text/plain", std::string(3000, 'x'));
      if (request->stream % 4 == 1) response.trailers.emplace_back("X-Status", "0");
      session.Answer(request->stream, std::move(response), "today");
    }
    for (int i = 0; i < 4 && !session.HasEnded(); ++i) {
      session.Write();
      now += std::chrono::seconds(20);
      session.Sweep(now, true);
      while (session.NextWork()) {
      }
    }
    if (session.Abandon().size() > 8) std::abort();
    session.Write();
  }
  if (context.body_memory->used() != 0) std::abort();
  return all;
}

}  // namespace

/// However the frames of a connection are cut, they are the same requests, within the bounds. The
/// input follows the preface.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Read(bytes, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1, 9, 64}) {
    if (Read(bytes, piece) != whole) std::abort();
  }
  return 0;
}
