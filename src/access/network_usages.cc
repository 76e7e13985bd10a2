#include "access/network_usages.h"

#include <random>

namespace slipway::access {
namespace {

/// Every bit of the number counts in every bit of the result (the finalizer of MurmurHash3).
std::uint64_t Mixed(std::uint64_t number) {
  number = (number ^ (number >> 33U)) * 0xff51afd7ed558ccdULL;
  number = (number ^ (number >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  return number ^ (number >> 33U);
}

}  // namespace

std::shared_ptr<NetworkUsages> NetworkUsages::Create() {
  std::random_device random;
  const std::uint64_t key = std::uint64_t{random()} << 32U | random();
  return std::shared_ptr<NetworkUsages>(new NetworkUsages(key));
}

std::shared_ptr<Usage> NetworkUsages::Of(std::uint64_t network) {
  return {shared_from_this(), &usages_[Mixed(Mixed(network ^ key_) + key_) % kPlaces]};
}

}  // namespace slipway::access
