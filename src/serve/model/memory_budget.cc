#include "serve/model/memory_budget.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::serve {

std::uint64_t MemoryBudget::More(const MemoryNeed& need) const {
  return need.own_bytes + (shared_.contains(need.shared_key) ? 0 : need.shared_bytes);
}

std::uint64_t MemoryBudget::Missing(const MemoryNeed& need) const {
  const std::uint64_t more = More(need);
  return limit_ > 0 && more > Left() ? more - Left() : 0;
}

Status MemoryBudget::Reserve(std::uint64_t load, const MemoryNeed& need) {
  if (Missing(need) > 0) {
    return ResourceExhausted(
               fmt::format("it needs about {}, and {} are left of the {} that models may have",
                           HumanBytes(More(need)), HumanBytes(Left()), HumanBytes(limit_)))
        .With(errors::kMemoryBudget)
        .Hint(
            "unload a model that nobody needs, or start the server with a larger "
            "--memory-budget");
  }
  Add(load, need);
  return {};
}

void MemoryBudget::Settle(std::uint64_t load, const MemoryNeed& measured) {
  Release(load);
  Add(load, measured);
}

void MemoryBudget::Add(std::uint64_t load, const MemoryNeed& need) {
  loads_[load] = need;
  held_ += need.own_bytes;
  if (need.shared_key.empty()) {
    held_ += need.shared_bytes;
    return;
  }
  Shared& shared = shared_[need.shared_key];
  if (shared.holders++ == 0) {
    shared.bytes = need.shared_bytes;
    held_ += shared.bytes;
  }
}

void MemoryBudget::Release(std::uint64_t load) {
  const auto found = loads_.find(load);
  if (found == loads_.end()) return;
  const MemoryNeed& need = found->second;
  held_ -= need.own_bytes;
  if (need.shared_key.empty()) {
    held_ -= need.shared_bytes;
  } else if (const auto shared = shared_.find(need.shared_key); --shared->second.holders == 0) {
    held_ -= shared->second.bytes;
    shared_.erase(shared);
  }
  loads_.erase(found);
}

}  // namespace slipway::serve
