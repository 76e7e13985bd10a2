#pragma once

#include <span>
#include <string_view>

#include "access/right.h"
#include "net/http/http_types.h"
#include "serve/http/api_call.h"
#include "serve/predict/request_metrics.h"

namespace slipway::serve {

/// What the body of a route may be.
enum class BodyRule : std::uint8_t {
  kNone,       ///< nothing is read from it
  kJson,       ///< JSON, or one of the types that clients send JSON under
  kInference,  ///< the same, and binary tensors; a long one is worth compressing
  kAdmin,      ///< a short JSON
};

/// One row of the table of all routes.
struct Route {
  net::Method method = net::Method::kGet;
  std::string_view pattern;
  RequestMetrics::RouteName name;
  BodyRule body = BodyRule::kNone;
  access::Right right = access::Right::kNothing;  ///< that the caller needs
  void (*handle)(const ApiCall&) = nullptr;
};

/// What metrics and logs call a request that belongs to no route.
inline constexpr RequestMetrics::RouteName kNoRoute = {"other", "unknown"};

/// Every route. api/openapi.json has the same paths.
std::span<const Route> Routes();

}  // namespace slipway::serve
