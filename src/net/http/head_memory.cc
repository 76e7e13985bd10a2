#include "net/http/head_memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace slipway::net {
namespace {

/// Enough for what clients send, and what the allocator still hands out quickest.
constexpr std::size_t kBlock = 1024;

}  // namespace

HeadMemory::HeadMemory(HeadMemory&& other) noexcept
    : last_(std::exchange(other.last_, nullptr)),
      next_(std::exchange(other.next_, nullptr)),
      left_(std::exchange(other.left_, 0)) {}

HeadMemory& HeadMemory::operator=(HeadMemory&& other) noexcept {
  if (this == &other) return *this;
  Release();
  last_ = std::exchange(other.last_, nullptr);
  next_ = std::exchange(other.next_, nullptr);
  left_ = std::exchange(other.left_, 0);
  return *this;
}

std::string_view HeadMemory::Keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = Room(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void HeadMemory::Grow(std::size_t size) {
  const std::size_t bytes = std::max(kBlock, sizeof(Block) + size);
  last_ = new (::operator new(bytes)) Block{last_};
  next_ = reinterpret_cast<char*>(last_ + 1);
  left_ = bytes - sizeof(Block);
}

void HeadMemory::Release() {
  while (last_ != nullptr) ::operator delete(std::exchange(last_, last_->before));
}

}  // namespace slipway::net
