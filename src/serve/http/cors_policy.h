#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/http/http_types.h"

namespace slipway::serve {

/// Which other sites' pages may read answers in a browser (CORS, as the Fetch standard has it). A
/// default one names none: then no answer has a word of it. Never speaks of credentials: a page
/// that may ask sends its key in a header, which a browser never adds by itself. Immutable,
/// thread-safe.
class CorsPolicy {
 public:
  static constexpr std::size_t kMostOrigins = 64;

  CorsPolicy() = default;
  /// Origins as browsers write them: "https://shop.example", "http://localhost:5173".
  /// InvalidArgument (kUsage): another form, "*" and "null" included, or more than kMostOrigins.
  static Result<CorsPolicy> ForOrigins(std::span<const std::string> origins);

  std::span<const std::string> origins() const { return origins_; }

  /// The answer to a browser that asks whether a page may send what it wants to send; absent: the
  /// request is not such a question, or the page's origin is not listed.
  std::optional<net::Response> Preflight(const net::RequestHead& head) const;
  /// Says in the answer that the page may read it, if its origin is listed; and to caches, that
  /// this depends on who asks.
  void Permit(const net::RequestHead& head, net::Response& response) const;

 private:
  const std::string* ListedOrigin(const net::RequestHead& head) const;

  std::vector<std::string> origins_;
};

}  // namespace slipway::serve
