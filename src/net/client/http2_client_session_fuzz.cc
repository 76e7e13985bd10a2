#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/client/http2_client_session.h"

namespace {

using slipway::net::Http2ClientSession;

/// Small bounds, so that short inputs reach them.
constexpr slipway::net::AnswerLimits kLimits{.head_bytes = 256, .body_bytes = 256};

void Collect(Http2ClientSession& session) {
  session.Write();
  while (!session.output().empty()) {
    session.output().Consume(session.output().bytes());
    session.Write();
  }
}

/// Everything that a server's bytes are taken for.
std::string Read(std::string_view bytes, std::size_t piece) {
  const slipway::net::HttpUrl server{.host = "a", .port = 80, .path = ""};
  const std::string body(70'000, 'x');
  Http2ClientSession session(kLimits);
  std::string all;
  while (session.MayBegin() && !bytes.empty()) {
    session.Begin({.method = "POST", .body = body}, server);
    Collect(session);
    while (session.state() == Http2ClientSession::State::kUnderWay && session.failure().ok() &&
           !bytes.empty()) {
      session.Feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
      Collect(session);
    }
    if (session.state() == Http2ClientSession::State::kAnswered && session.failure().ok()) {
      const slipway::net::HttpAnswer answer = session.Take();
      if (answer.body.size() > kLimits.body_bytes) std::abort();
      all.append(std::to_string(answer.status)).append(answer.body);
    }
    session.DropRest();
    Collect(session);
  }
  return all;
}

}  // namespace

/// Whatever a server sends, it is answers within the bounds, or a failure. The input follows our
/// first request; what is left of it answers the next ones.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::size_t piece : {std::max<std::size_t>(size, 1), std::size_t{9}, std::size_t{1}})
    (void)Read(bytes, piece);
  return 0;
}
