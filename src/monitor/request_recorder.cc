#include "monitor/request_recorder.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/thread.h"

namespace slipway::monitor {
namespace {

// While requests come they are taken this often, so that nobody is woken for each.
constexpr std::chrono::milliseconds kPause{10};

/// "": none did.
std::string_view ModelThatAnswered(const KeptRequest& request) {
  const bool has_answered = request.batch_rows > 0 || request.is_cached;
  return has_answered ? request.model.view() : std::string_view();
}

}  // namespace

RequestRecorder::RequestRecorder(const Options& options, std::vector<RequestSink*> sinks,
                                 telemetry::TraceSampler& sampler, const Clock& clock)
    : sinks_(std::move(sinks)), sampler_(sampler), clock_(clock) {
  for (unsigned i = 0; i < std::max(options.loops, 1U); ++i)
    rings_.push_back(std::make_unique<Ring>(options.ring_requests));
  thread_ = std::jthread([this] { Run(); });
}

RequestRecorder::~RequestRecorder() {
  ends_ = true;
  wake_.release();
}

void RequestRecorder::OnAnswered(const telemetry::RequestEvent& event) {
  const WallTime now = clock_.WallNow();
  Ring& ring = *rings_[event.loop % rings_.size()];
  const std::optional<telemetry::RequestSpan> span = sampler_.TakeSpan(event.request);
  const auto keep = [&](KeptRequest& request) {
    request.Keep(event, now);
    request.span = span;
  };
  if (!ring.Push(keep)) lost_.Add();
  if (sleeps_.load() && sleeps_.exchange(false)) wake_.release();
}

void RequestRecorder::Run() {
  NameThread("slipway-record");
  while (!ends_) {
    if (TakeAll() > 0) {
      (void)wake_.try_acquire_for(kPause);
    } else {
      Sleep();
    }
  }
  TakeAll();
}

/// Whoever pushes after `sleeps_` was said sees it; what was pushed before is seen here.
void RequestRecorder::Sleep() {
  sleeps_ = true;
  if (TakeAll() == 0) wake_.acquire();
  sleeps_ = false;
}

std::size_t RequestRecorder::TakeAll() {
  std::size_t taken = 0;
  const auto take = [&](KeptRequest& request) {
    if (!request.span) request.span = sampler_.SpanFor(request.parent, ModelThatAnswered(request));
    for (RequestSink* const sink : sinks_) sink->Take(request);
    ++taken;
  };
  for (const std::unique_ptr<Ring>& ring : rings_) {
    // No more than it holds: the others have their turn, however fast it fills.
    for (std::size_t i = 0; i < ring->capacity() && ring->Pop(take); ++i) continue;
  }
  if (taken > 0) {
    for (RequestSink* const sink : sinks_) sink->Flush();
  }
  return taken;
}

}  // namespace slipway::monitor
