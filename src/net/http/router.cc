#include "net/http/router.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "base/text.h"

namespace slipway::net {
namespace {

/// A malformed table is a programmer's error.
void Require(bool holds) {
  if (!holds) std::abort();
}

std::string AllowValue(std::span<const Method> methods) {
  std::string allow;
  for (const Method method : methods) {
    allow.append(allow.empty() ? "" : ", ").append(MethodName(method));
    if (method == Method::kGet) allow.append(", HEAD");
  }
  return allow;
}

}  // namespace

std::string_view RouteCaptures::operator[](std::string_view name) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (captures_[i].name == name) return captures_[i].text;
  }
  return {};
}

auto Router::Segment::Rank() const {
  const std::size_t literal_bytes = name.empty() ? 0 : before.size() + after.size();
  return std::tuple(!name.empty(), !name.empty() && literal_bytes == 0, ~literal_bytes);
}

bool Router::Segment::Matches(std::string_view text) const {
  if (name.empty()) return text == before;
  return text.size() > before.size() + after.size() && text.starts_with(before) &&
         text.ends_with(after);
}

/// Paths of one length mostly begin alike, so their ends are compared first.
bool Router::Path::Matches(std::span<const std::string_view> texts) const {
  for (std::size_t i = segments.size(); i-- > 0;) {
    if (!segments[i].Matches(texts[i])) return false;
  }
  return true;
}

RouteCaptures Router::Path::Capture(std::span<const std::string_view> texts) const {
  RouteCaptures captures;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (segment.name.empty()) continue;
    std::string_view text = texts[i];
    text.remove_prefix(segment.before.size());
    text.remove_suffix(segment.after.size());
    captures.captures_[captures.count_++] = {segment.name, text};
  }
  return captures;
}

Router::Segment Router::ParseSegment(std::string_view text) {
  Require(!text.empty());
  const std::size_t open = text.find('{');
  if (open == std::string_view::npos) return {std::string(text), "", ""};
  const std::size_t close = text.find('}', open);
  Require(close != std::string_view::npos && close > open + 1);
  Segment segment{std::string(text.substr(0, open)),
                  std::string(text.substr(open + 1, close - open - 1)),
                  std::string(text.substr(close + 1))};
  Require(segment.after.find('{') == std::string::npos);
  return segment;
}

std::vector<Router::Segment> Router::ParsePattern(std::string_view pattern) {
  Require(pattern.starts_with('/'));
  std::vector<Segment> segments;
  if (pattern == "/") return segments;
  for (const std::string_view text : Split(pattern.substr(1), '/'))
    segments.push_back(ParseSegment(text));
  const auto captures =
      std::ranges::count_if(segments, [](const Segment& s) { return !s.name.empty(); });
  Require(static_cast<std::size_t>(captures) <= RouteCaptures::kMost);
  return segments;
}

Router::Router(std::span<const RouteRow> rows) {
  std::vector<std::string_view> known;
  std::vector<Path> paths;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto place =
        static_cast<std::size_t>(std::ranges::find(known, rows[row].pattern) - known.begin());
    if (place == known.size()) {
      known.push_back(rows[row].pattern);
      paths.push_back({ParsePattern(rows[row].pattern), {}, {}});
    }
    Path& path = paths[place];
    Require(std::ranges::find(path.routes, rows[row].method, &Route::method) == path.routes.end());
    path.routes.push_back({rows[row].method, row});
  }
  std::ranges::stable_sort(paths, [](const Path& a, const Path& b) {
    return std::ranges::lexicographical_compare(
        a.segments, b.segments,
        [](const Segment& x, const Segment& y) { return x.Rank() < y.Rank(); });
  });
  for (Path& path : paths) {
    std::vector<Method> methods;
    for (const Route& route : path.routes) methods.push_back(route.method);
    path.allow = AllowValue(methods);
    const std::size_t length = path.segments.size();
    if (paths_.size() <= length) paths_.resize(length + 1);
    paths_[length].push_back(std::move(path));
  }
}

const Router::Path* Router::FindPath(std::span<const std::string_view> segments) const {
  if (segments.size() >= paths_.size()) return nullptr;
  for (const Path& path : paths_[segments.size()]) {
    if (path.Matches(segments)) return &path;
  }
  return nullptr;
}

RouteMatch Router::Match(Method method, std::span<const std::string_view> segments) const {
  RouteMatch match;
  const Path* path = FindPath(segments);
  if (path == nullptr) {
    if (method == Method::kOther) match.outcome = RouteMatch::Outcome::kUnknownMethod;
    return match;
  }
  const Method served = method == Method::kHead ? Method::kGet : method;
  auto route = std::ranges::find(path->routes, method, &Route::method);
  if (route == path->routes.end()) route = std::ranges::find(path->routes, served, &Route::method);
  if (route == path->routes.end()) {
    match.outcome = RouteMatch::Outcome::kWrongMethod;
    match.allow = path->allow;
    return match;
  }
  match.outcome = RouteMatch::Outcome::kFound;
  match.row = route->row;
  match.captures = path->Capture(segments);
  return match;
}

}  // namespace slipway::net
