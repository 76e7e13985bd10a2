#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/http_types.h"

namespace slipway::net {

/// One row of a table of routes. A pattern is a path whose segments are literals or hold one
/// capture, with literal text before or after it: "/v2/models/{model}/infer",
/// "/v1/models/{model}:predict". "/" is the root.
struct RouteRow {
  Method method = Method::kGet;
  std::string_view pattern;
};

/// What the captures of a pattern matched: views of the request head's segments, never empty.
class RouteCaptures {
 public:
  static constexpr std::size_t kMost = 4;

  /// The text that {name} matched; empty if the pattern has no such capture.
  std::string_view operator[](std::string_view name) const;

 private:
  friend class Router;
  struct Capture {
    std::string_view name;
    std::string_view text;
  };
  std::array<Capture, kMost> captures_;
  std::size_t count_ = 0;
};

/// Where a request belongs, or why nowhere.
struct RouteMatch {
  enum class Outcome : std::uint8_t {
    kFound,
    kUnknownPath,    ///< 404
    kWrongMethod,    ///< 405 with `allow`: the path is known
    kUnknownMethod,  ///< 501: neither the path nor the method is known
  };
  Outcome outcome = Outcome::kUnknownPath;
  std::size_t row = 0;     ///< kFound: index into the table the router was built from
  RouteCaptures captures;  ///< kFound; valid as long as the head and the router
  std::string_view allow;  ///< kWrongMethod: the value of the Allow header, "GET, HEAD"
};

/// Finds the row of a request. The most specific path decides first, the method second: with
/// "/v1/models/{model}" and "/v1/models/{model}:predict" a path that ends in ":predict" belongs to
/// the second, whatever its method. Literals go before captures with literal text, these before
/// bare captures, compared from the left; rows of equal rank go in the table's order. A GET row
/// serves HEAD too. Immutable, thread-safe; Match() allocates nothing.
class Router {
 public:
  /// Precondition: every pattern begins with '/', has at most one capture a segment and
  /// RouteCaptures::kMost in all, and no method occurs twice for a pattern.
  explicit Router(std::span<const RouteRow> rows);

  RouteMatch Match(const RequestHead& head) const { return Match(head.method, head.segments); }
  RouteMatch Match(Method method, std::span<const std::string_view> segments) const;

 private:
  /// before{name}after, or a literal (`before`) without a name.
  struct Segment {
    std::string before;
    std::string name;
    std::string after;
    bool Matches(std::string_view text) const;
    auto Rank() const;
  };
  struct Route {
    Method method;
    std::size_t row;
  };
  struct Path {
    std::vector<Segment> segments;
    std::vector<Route> routes;
    std::string allow;
    bool Matches(std::span<const std::string_view> texts) const;
    RouteCaptures Capture(std::span<const std::string_view> texts) const;
  };

  static Segment ParseSegment(std::string_view text);
  static std::vector<Segment> ParsePattern(std::string_view pattern);
  const Path* FindPath(std::span<const std::string_view> segments) const;

  std::vector<std::vector<Path>> paths_;  ///< by number of segments; most specific first
};

}  // namespace slipway::net
