#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/http/http_types.h"
#include "net/server/http_server.h"

namespace slipway::net {

/// For tests: says what it was asked. "/held" waits until the test takes the exchange; "/overlap/x"
/// does too, and may overlap with its neighbours. "/alive" is answered whatever the test changes.
class TestService : public HttpService {
 public:
  BodyPlan Plan(const RequestHead& head) override;
  void Serve(std::shared_ptr<Exchange> exchange) override;
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected_now) override;
  Response ErrorResponse(int status, std::string_view message, const RequestHead* head) override;

  /// Waits for the next held exchange; nullptr after ten seconds.
  std::shared_ptr<Exchange> NextHeld();

  /// Changes the plan; set before the server starts.
  std::function<void(const RequestHead&, BodyPlan&)> plan;
  /// Answers instead of the echo; set before the server starts.
  std::function<void(std::shared_ptr<Exchange>)> serve;
  std::atomic<unsigned> rejected{0};  ///< as FinishRound() was told, in all

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Exchange>> held_;
};

/// "POST a|b ?query [body]", what TestService answers with.
std::string Described(const Exchange& exchange);

/// A server on any free port with `service` behind it.
std::unique_ptr<HttpServer> StartServer(HttpService& service, const HttpLimits& limits = {},
                                        unsigned loops = 1);

}  // namespace slipway::net
