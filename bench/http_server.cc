// The server without anything to serve: what HTTP itself costs beside the bare echo of the same
// bytes.
//
//   bench_http ANSWER_BYTES    prints its port and serves until it is killed

#include "net/server/http_server.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/text.h"

namespace {

using slipway::net::BodyPart;
using slipway::net::BodyPlan;
using slipway::net::Exchange;
using slipway::net::RequestHead;
using slipway::net::Response;

class SameAnswer final : public slipway::net::HttpService {
 public:
  explicit SameAnswer(std::size_t bytes) : text_(bytes, 'x') {}

  BodyPlan Plan(const RequestHead&) override { return {}; }
  void Serve(std::shared_ptr<Exchange> exchange) override {
    exchange->Send(Response::Text(200, "application/json", text_));
  }
  Response ErrorResponse(int status, std::string_view message, const RequestHead*) override {
    return Response::Text(status, "text/plain", std::string(message));
  }

 private:
  const std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto bytes = slipway::ParseUint64(argc > 1 ? argv[1] : "16");
  if (!bytes) {
    std::fprintf(stderr, "error: \"%s\" is not a number of bytes\n", argv[1]);
    return 2;
  }
  SameAnswer service(static_cast<std::size_t>(*bytes));
  const auto server = slipway::net::HttpServer::Listen({.port = 0}, service);
  if (!server.ok()) {
    std::fprintf(stderr, "error: %s\n", server.status().ToString().c_str());
    return 1;
  }
  (*server)->Start();
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  for (;;) pause();
}
