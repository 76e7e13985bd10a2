#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "telemetry/request_span.h"
#include "telemetry/trace_context.h"

namespace slipway::telemetry {

/// What shall be exported of the requests of one model, or of all. What is absent is for a model as
/// it is for all, and for all as it was from the start.
struct TraceWishes {
  std::optional<bool> is_on;          ///< false: nothing, whatever callers say
  std::optional<double> share;        ///< of the requests whose caller says nothing, 0 to 1
  std::optional<std::int64_t> count;  ///< so many more that models answer; -1: any number
  bool operator==(const TraceWishes&) const = default;
};

/// What is exported of a model's requests now.
struct TraceRule {
  bool is_on = true;
  double share = 0;
  std::int64_t count = -1;  ///< so many more; -1: any number
};

/// Decides which requests are of a trace, and which of those are exported: one whose caller says so
/// by its traceparent as the caller says (the flag "sampled", either way), of the others a share.
/// Wishes may change that while it goes on. Thread-safe.
class TraceSampler {
 public:
  static constexpr std::size_t kMostModels = 10'000;  ///< with wishes of their own
  static constexpr std::size_t kMostKept = 10'000;    ///< spans, ahead of the requests' answers

  /// `share` of the requests without a traceparent, 0 to 1; `exports`: false: nothing is, whatever
  /// is wished, and a request is of a trace only by its caller.
  TraceSampler(double share, bool exports) : start_{.share = share}, exports_(exports) {}

  bool exports() const { return exports_; }

  /// `model`: that answered it; "": none did, so that it counts as none.
  std::optional<RequestSpan> SpanFor(const std::optional<TraceContext>& parent,
                                     std::string_view model = {});
  /// The same of a request that is not answered yet, and is told apart from all others by its
  /// address: its span is kept until it is taken. Nothing is kept where nothing is exported, nor of
  /// more than kMostKept requests.
  std::optional<RequestSpan> SpanAhead(const void* request,
                                       const std::optional<TraceContext>& parent,
                                       std::string_view model);
  /// What was kept for the request. Where nothing is kept of any, it costs reading a number.
  std::optional<RequestSpan> TakeSpan(const void* request);

  /// An id that is not 0.
  SpanId NewSpanId();

  /// `model`: "": all models.
  TraceWishes WishesFor(std::string_view model) const;
  TraceRule RuleFor(std::string_view model) const;
  /// False: too many models have wishes of their own.
  bool Wish(std::string_view model, const TraceWishes& wishes);

 private:
  // All with mutex_ held.
  std::optional<RequestSpan> Decide(const std::optional<TraceContext>& parent,
                                    std::string_view model);
  TraceWishes* WishesOf(std::string_view model);
  TraceRule RuleOf(std::string_view model) const;
  /// False: the count has run out. Who counts: the model where it has a count, else all.
  bool Count(std::string_view model);
  SpanId NextSpanId();
  void Fill(std::uint8_t* bytes, std::size_t count);

  const TraceRule start_;
  const bool exports_;
  std::atomic<std::size_t> kept_count_ = 0;  ///< of kept_
  mutable std::mutex mutex_;                 // guards what follows
  std::map<const void*, RequestSpan> kept_;
  TraceWishes all_;
  std::map<std::string, TraceWishes, std::less<>> models_;
  std::mt19937_64 random_{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
};

}  // namespace slipway::telemetry
