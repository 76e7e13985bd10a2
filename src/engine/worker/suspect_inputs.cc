#include "engine/worker/suspect_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::engine {

namespace {

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Of `count` rows from `first` on.
TensorView RowsOf(const TensorView& tensor, std::int64_t first, std::int64_t count) {
  const std::size_t row_bytes = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
  TensorView rows = tensor;
  rows.shape.SetDim(0, count);
  rows.bytes = tensor.bytes.subspan(static_cast<std::size_t>(first) * row_bytes,
                                    static_cast<std::size_t>(count) * row_bytes);
  return rows;
}

void AddTensor(const TensorView& tensor, std::string& text) {
  fmt::format_to(std::back_inserter(text), "{} {} {}\n", ShortName(tensor.dtype),
                 tensor.shape.ToString(), ChecksumOf(TextOf(tensor.bytes)).Hex());
}

Checksum FingerprintOf(std::span<const TensorView> inputs) {
  std::string text;
  for (const TensorView& input : inputs) AddTensor(input, text);
  return ChecksumOf(text);
}

/// Whether these are the rows of each tensor, one request's after the other's.
bool AreShared(std::span<const TensorView> inputs, std::span<const std::int64_t> rows) {
  if (rows.empty() || std::ranges::any_of(rows, [](std::int64_t count) { return count < 1; }))
    return false;
  const std::int64_t all = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  return std::ranges::all_of(inputs, [&](const TensorView& input) {
    return input.dtype != DType::kString && input.shape.rank() > 0 && input.shape[0] == all;
  });
}

}  // namespace

std::vector<Checksum> FingerprintsOf(std::span<const TensorView> inputs,
                                     std::span<const std::int64_t> rows) {
  if (!AreShared(inputs, rows)) return {FingerprintOf(inputs)};
  std::vector<Checksum> fingerprints;
  std::vector<TensorView> own(inputs.size());
  std::int64_t first = 0;
  for (const std::int64_t count : rows) {
    std::ranges::transform(inputs, own.begin(),
                           [&](const TensorView& input) { return RowsOf(input, first, count); });
    fingerprints.push_back(FingerprintOf(own));
    first += count;
  }
  return fingerprints;
}

SuspectInputs::Record SuspectInputs::Of(std::span<const Checksum> inputs, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  Forget(now);
  Record worst = Record::kClear;
  for (const Checksum& input : inputs) {
    const auto entry = entries_.find(input);
    if (entry != entries_.end()) worst = std::max(worst, entry->second.record);
  }
  return worst;
}

bool SuspectInputs::Accuse(std::span<const Checksum> inputs, bool in_trial, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  Forget(now);
  bool is_convicted = false;
  for (const Checksum& input : inputs) {
    if (!entries_.contains(input)) MakeRoom();
    Entry& entry = entries_[input];
    entry.ended = now;
    if (in_trial && inputs.size() == 1)
      is_convicted = std::exchange(entry.record, Record::kRefused) != Record::kRefused;
  }
  Count();
  return is_convicted;
}

void SuspectInputs::Clear(std::span<const Checksum> inputs) {
  const std::lock_guard lock(mutex_);
  for (const Checksum& input : inputs) entries_.erase(input);
  Count();
}

void SuspectInputs::Forget(MonotonicTime now) {
  std::erase_if(entries_, [&](const auto& each) { return each.second.ended + bounds_.age <= now; });
  Count();
}

/// Suspects before the refused ones, the oldest first.
void SuspectInputs::MakeRoom() {
  if (entries_.size() < bounds_.most) return;
  entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& each) {
    return std::pair(each.second.record, each.second.ended);
  }));
}

}  // namespace slipway::engine
