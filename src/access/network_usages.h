#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "access/usage.h"

namespace slipway::access {

/// What those use who have no name, by the network that they come from: an IPv4 address or an
/// IPv6 /64. Of a fixed size, one MiB: two networks may have one place and share its quota, which
/// of them nobody can choose (the key is random); of a thousand that are busy one in 65 meets
/// another. Thread-safe, without a lock.
class NetworkUsages : public std::enable_shared_from_this<NetworkUsages> {
 public:
  static std::shared_ptr<NetworkUsages> Create();

  std::shared_ptr<Usage> Of(std::uint64_t network);

 private:
  static constexpr std::size_t kPlaces = 1 << 16;

  explicit NetworkUsages(std::uint64_t key) : key_(key) {}

  const std::uint64_t key_;
  std::array<Usage, kPlaces> usages_;
};

}  // namespace slipway::access
