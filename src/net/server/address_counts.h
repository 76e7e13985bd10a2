#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace slipway::net {

/// Open connections by address of the client. Thread-safe.
class AddressCounts {
 public:
  explicit AddressCounts(std::size_t limit) : limit_(limit) {}

  /// Counts one more, unless the address has as many as it may.
  bool Enter(const std::string& address) {
    std::lock_guard lock(mutex_);
    std::size_t& count = counts_[address];
    if (count >= limit_) return false;
    ++count;
    return true;
  }

  void Leave(const std::string& address) {
    std::lock_guard lock(mutex_);
    const auto at = counts_.find(address);
    if (at != counts_.end() && --at->second == 0) counts_.erase(at);
  }

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace slipway::net
