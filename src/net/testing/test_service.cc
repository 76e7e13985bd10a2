#include "net/testing/test_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <utility>

namespace slipway::net {

namespace {

bool AsksForLife(const RequestHead& head) {
  return head.segments.size() == 1 && head.segments[0] == "alive";
}

}  // namespace

std::string Described(const Exchange& exchange) {
  const RequestHead& head = exchange.head();
  const std::string_view body(reinterpret_cast<const char*>(exchange.body().data()),
                              exchange.body().size());
  return fmt::format("{} {} ?{} [{}]", head.method_text, fmt::join(head.segments, "|"), head.query,
                     body);
}

BodyPlan TestService::Plan(const RequestHead& head) {
  BodyPlan body_plan{.max_bytes = 1024 * 1024};
  if (!head.segments.empty() && head.segments[0] == "overlap") body_plan.may_overlap = true;
  if (plan && !AsksForLife(head)) plan(head, body_plan);
  return body_plan;
}

void TestService::Serve(std::shared_ptr<Exchange> exchange) {
  if (serve && !AsksForLife(exchange->head())) return serve(std::move(exchange));
  const auto& segments = exchange->head().segments;
  const bool held = !segments.empty() && (segments[0] == "held" || segments[0] == "overlap");
  if (!held) return exchange->Send(Response::Text(200, "text/plain", Described(*exchange)));
  std::lock_guard lock(mutex_);
  held_.push_back(std::move(exchange));
  arrived_.notify_all();
}

std::chrono::nanoseconds TestService::FinishRound(unsigned, unsigned rejected_now) {
  rejected += rejected_now;
  return {};
}

Response TestService::ErrorResponse(int status, std::string_view message, const RequestHead*) {
  return Response::Text(status, "application/json", fmt::format("{{\"error\":\"{}\"}}", message));
}

std::shared_ptr<Exchange> TestService::NextHeld() {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, std::chrono::seconds(10), [this] { return !held_.empty(); }))
    return nullptr;
  auto exchange = std::move(held_.front());
  held_.pop_front();
  return exchange;
}

std::unique_ptr<HttpServer> StartServer(HttpService& service, const HttpLimits& limits,
                                        unsigned loops) {
  auto server = HttpServer::Listen({.port = 0, .loops = loops, .limits = limits}, service);
  if (!server.ok()) std::abort();
  (*server)->Start();
  return std::move(*server);
}

}  // namespace slipway::net
