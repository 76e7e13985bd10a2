#include "serve/http/foreseen_refusal.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "serve/http/api_call.h"
#include "serve/predict/client_deadline.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::v2 {
namespace {

constexpr std::uint64_t kLongBody = 32 * 1024;
/// A full queue refuses whatever a body may say of its time.
constexpr auto kAnyPatience = std::chrono::nanoseconds::max();

// What the route itself will complain of is no refusal yet.
std::optional<ModelHandle> FindModel(const ModelSet& models, const net::RouteCaptures& captures) {
  std::optional<std::int64_t> version;
  if (const std::string_view text = captures["version"]; !text.empty()) {
    const Result<std::int64_t> parsed = ParseVersion(text);
    if (!parsed.ok()) return std::nullopt;
    version = *parsed;
  }
  Result<ModelHandle> model = models.Find(captures["model"], version);
  if (!model.ok()) return std::nullopt;
  return std::move(*model);
}

}  // namespace

Status ForeseeRefusal(const HttpApiParts& parts, const net::RequestHead& head,
                      const net::RouteCaptures& captures) {
  const std::optional<ModelHandle> model = FindModel(parts.models, captures);
  if (!model) return {};
  if (head.content_length.value_or(0) < kLongBody)
    return parts.predictor.Foresee(**model, kAnyPatience);
  std::optional<std::chrono::nanoseconds> patience;
  if (const std::string_view* const wish = head.Find(kTimeoutHeader)) {
    const Result<std::chrono::nanoseconds> parsed = ParseTimeout(kTimeoutHeader, *wish);
    if (!parsed.ok()) return {};
    patience = *parsed;
  }
  return parts.predictor.Foresee(**model, patience);
}

}  // namespace slipway::serve::v2
