#include "monitor/span_exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "monitor/otlp_json.h"
#include "net/client/http_url.h"

namespace slipway::monitor {
namespace {

// An end of the server waits so long, twice at most.
constexpr std::chrono::milliseconds kConnectTimeout{1'000};
constexpr std::chrono::milliseconds kAnswerTimeout{3'000};
constexpr std::uint64_t kMostAnswerBytes = 64 * 1024;

/// What the OTLP specification wants to be tried again.
bool IsRetryable(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

/// A collector's base URL, or that of its traces.
std::string TargetOf(const net::HttpUrl& url) {
  constexpr std::string_view kTraces = "/v1/traces";
  std::string path = url.path;
  while (path.ends_with('/')) path.pop_back();
  return path.ends_with(kTraces) ? path : path + std::string(kTraces);
}

}  // namespace

Result<std::unique_ptr<SpanExporter>> SpanExporter::Create(const TraceOptions& options) {
  SLIPWAY_TRY(net::HttpUrl url, net::ParseHttpUrl(options.endpoint));
  return std::unique_ptr<SpanExporter>(new SpanExporter(options, std::move(url)));
}

SpanExporter::SpanExporter(const TraceOptions& options, net::HttpUrl url)
    : service_(options.service),
      target_(TargetOf(url)),
      client_(std::move(url), {.connect_timeout = kConnectTimeout,
                               .answer_timeout = kAnswerTimeout,
                               .limits = {.body_bytes = kMostAnswerBytes}}) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

SpanExporter::~SpanExporter() = default;

void SpanExporter::Take(const KeptRequest& request) {
  if (!request.span || !request.span->is_sampled) return;
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting = queue_.size();
    if (waiting < kQueueRequests) queue_.push_back(request);
  }
  if (waiting >= kQueueRequests) lost_.Add();
  if (waiting + 1 == kMostAtOnce) changed_.notify_one();
}

void SpanExporter::Run(const std::stop_token& stop) {
  NameThread("slipway-trace");
  GiveWay();
  std::chrono::milliseconds pause = kEvery;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      const std::size_t enough = is_failing_ ? kQueueRequests + 1 : kMostAtOnce;
      changed_.wait_for(lock, stop, pause, [&] { return queue_.size() >= enough; });
    }
    std::vector<KeptRequest> some = TakeSome();
    if (some.empty()) continue;
    const bool is_done = Send(some);
    pause = is_done ? std::chrono::milliseconds(kEvery)
                    : std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
  while (!is_failing_) {
    std::vector<KeptRequest> rest = TakeSome();
    if (rest.empty()) return;
    Send(rest);
  }
}

std::vector<KeptRequest> SpanExporter::TakeSome() {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(queue_.size(), kMostAtOnce);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<KeptRequest> some(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return some;
}

bool SpanExporter::Send(std::vector<KeptRequest>& requests) {
  const std::string body = EncodeSpans(requests, service_, ids_);
  const Result<net::HttpAnswer> answer =
      client_.Send({.method = "POST",
                    .target = target_,
                    .headers = {{"Content-Type", "application/json"}},
                    .body = body});
  if (answer.ok() && answer->status / 100 == 2) {
    exported_.Add(requests.size());
    is_failing_ = false;
    return true;
  }
  Warn(answer.ok() ? fmt::format("the collector answers {}", answer->status)
                   : answer.status().ToString());
  if (answer.ok() && !IsRetryable(answer->status)) {
    lost_.Add(requests.size());
    return true;
  }
  const std::lock_guard lock(mutex_);
  const std::size_t room = kQueueRequests - std::min(queue_.size(), kQueueRequests);
  const std::size_t kept = std::min(room, requests.size());
  queue_.insert(queue_.begin(), requests.end() - static_cast<std::ptrdiff_t>(kept), requests.end());
  lost_.Add(requests.size() - kept);
  return false;
}

void SpanExporter::Warn(std::string_view why) {
  if (!std::exchange(is_failing_, true))
    Log(LogLevel::kWarning, "traces are not exported: {}", why);
}

}  // namespace slipway::monitor
