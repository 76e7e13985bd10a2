#include "telemetry/trace_sampler.h"

#include <algorithm>
#include <cstring>

namespace slipway::telemetry {

std::optional<RequestSpan> TraceSampler::SpanFor(const std::optional<TraceContext>& parent,
                                                 std::string_view model) {
  const std::lock_guard lock(mutex_);
  return Decide(parent, model);
}

std::optional<RequestSpan> TraceSampler::SpanAhead(const void* request,
                                                   const std::optional<TraceContext>& parent,
                                                   std::string_view model) {
  const std::lock_guard lock(mutex_);
  const std::optional<RequestSpan> span = Decide(parent, model);
  if (span && exports_ && kept_.size() < kMostKept) {
    kept_[request] = *span;
    kept_count_ = kept_.size();
  }
  return span;
}

std::optional<RequestSpan> TraceSampler::TakeSpan(const void* request) {
  if (kept_count_.load() == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto kept = kept_.extract(request);
  kept_count_ = kept_.size();
  return kept.empty() ? std::nullopt : std::optional(kept.mapped());
}

std::optional<RequestSpan> TraceSampler::Decide(const std::optional<TraceContext>& parent,
                                                std::string_view model) {
  if (!parent && !exports_) return std::nullopt;
  RequestSpan span;
  span.span_id = NextSpanId();
  if (parent) {
    span.trace_id = parent->trace_id;
    span.parent_id = parent->parent_id;
  } else {
    Fill(span.trace_id.data(), span.trace_id.size());
  }
  const TraceRule rule = RuleOf(model);
  if (!exports_ || !rule.is_on) return span;
  const bool is_asked_for =
      parent ? parent->is_sampled
             : std::uniform_real_distribution<double>(0, 1)(random_) < rule.share;
  span.is_sampled = is_asked_for && Count(model);
  return span;
}

SpanId TraceSampler::NewSpanId() {
  const std::lock_guard lock(mutex_);
  return NextSpanId();
}

TraceWishes TraceSampler::WishesFor(std::string_view model) const {
  const std::lock_guard lock(mutex_);
  if (model.empty()) return all_;
  const auto found = models_.find(model);
  return found == models_.end() ? TraceWishes() : found->second;
}

TraceRule TraceSampler::RuleFor(std::string_view model) const {
  const std::lock_guard lock(mutex_);
  return RuleOf(model);
}

bool TraceSampler::Wish(std::string_view model, const TraceWishes& wishes) {
  const std::lock_guard lock(mutex_);
  if (model.empty()) {
    all_ = wishes;
  } else if (wishes == TraceWishes()) {
    models_.erase(std::string(model));
  } else if (models_.size() < kMostModels || models_.contains(model)) {
    models_.insert_or_assign(std::string(model), wishes);
  } else {
    return false;
  }
  return true;
}

TraceWishes* TraceSampler::WishesOf(std::string_view model) {
  const auto found = models_.find(model);
  return found == models_.end() ? nullptr : &found->second;
}

TraceRule TraceSampler::RuleOf(std::string_view model) const {
  TraceRule rule = start_;
  const auto obey = [&rule](const TraceWishes& wishes) {
    rule.is_on = wishes.is_on.value_or(rule.is_on);
    rule.share = wishes.share.value_or(rule.share);
    rule.count = wishes.count.value_or(rule.count);
  };
  obey(all_);
  const auto found = models_.find(model);
  if (found != models_.end()) obey(found->second);
  return rule;
}

bool TraceSampler::Count(std::string_view model) {
  if (model.empty()) return true;
  TraceWishes* const own = WishesOf(model);
  std::optional<std::int64_t>& count = own != nullptr && own->count ? own->count : all_.count;
  if (!count || *count < 0) return true;
  if (*count == 0) return false;
  --*count;
  return true;
}

SpanId TraceSampler::NextSpanId() {
  SpanId id{};
  Fill(id.data(), id.size());
  return id;
}

void TraceSampler::Fill(std::uint8_t* bytes, std::size_t count) {
  for (std::size_t at = 0; at < count; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = std::max<std::uint64_t>(random_(), 1);
    std::memcpy(bytes + at, &word, std::min(sizeof word, count - at));
  }
}

}  // namespace slipway::telemetry
