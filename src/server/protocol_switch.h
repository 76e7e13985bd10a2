#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "net/http/http_types.h"
#include "serve/grpc/grpc_api.h"
#include "serve/http/http_api.h"

namespace slipway::server {

/// One listener for every protocol: hands each request to gRPC where that claims it, and to the
/// REST protocols otherwise. All outlive this. Thread-safe as they are.
class ProtocolSwitch final : public net::HttpService {
 public:
  /// `claims`: what answers whether a request is gRPC's.
  ProtocolSwitch(net::HttpService& rest, net::HttpService& grpc, const serve::GrpcApi& claims)
      : rest_(rest), grpc_(grpc), claims_(claims) {}

  net::BodyPlan Plan(const net::RequestHead& head) override { return Of(head).Plan(head); }
  void Serve(std::shared_ptr<net::Exchange> exchange) override {
    net::HttpService& service = Of(exchange->head());
    service.Serve(std::move(exchange));
  }
  /// One predictor for both.
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override {
    return rest_.FinishRound(loop, rejected);
  }
  net::Response ErrorResponse(int status, std::string_view message,
                              const net::RequestHead* head) override {
    return (head == nullptr ? rest_ : Of(*head)).ErrorResponse(status, message, head);
  }

 private:
  net::HttpService& Of(const net::RequestHead& head) {
    if (claims_.Claims(head)) return grpc_;
    return rest_;
  }

  net::HttpService& rest_;
  net::HttpService& grpc_;
  const serve::GrpcApi& claims_;
};

}  // namespace slipway::server
