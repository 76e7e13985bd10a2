#include "net/http/body_buffer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace slipway::net {
namespace {

constexpr std::array<std::byte, BodyBuffer::kPadding> kNoBody{};

}  // namespace

bool BodyMemory::Take(std::uint64_t bytes) {
  if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
  Give(bytes);
  return false;
}

BodyBuffer& BodyBuffer::operator=(BodyBuffer&& other) noexcept {
  if (this == &other) return *this;
  if (allocation_ != nullptr) Release();
  memory_ = std::move(other.memory_);
  allocation_ = std::exchange(other.allocation_, nullptr);
  block_ = std::exchange(other.block_, nullptr);
  lead_ = other.lead_;
  capacity_ = std::exchange(other.capacity_, 0);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void BodyBuffer::Release() {
  std::free(allocation_);
  if (memory_ && size_ > 0) memory_->Give(size_);
}

bool BodyBuffer::Reserve(std::size_t capacity) {
  if (block_ != nullptr && capacity <= capacity_) return true;
  // Aligned by hand: aligned_alloc costs more than all else that a small body needs.
  const std::size_t total = lead_ + capacity + kPadding + kAlignment;
  void* allocation = std::malloc(total);
  if (allocation == nullptr) return false;
  const std::size_t skip = -reinterpret_cast<std::uintptr_t>(allocation) % kAlignment;
  std::byte* block = static_cast<std::byte*>(allocation) + skip;
  if (size_ > 0) std::memcpy(block + lead_, begin(), size_);
  std::free(allocation_);
  allocation_ = allocation;
  block_ = block;
  capacity_ = capacity;
  return true;
}

bool BodyBuffer::Commit(std::size_t count) {
  if (memory_ && !memory_->Take(count)) return false;
  size_ += count;
  return true;
}

void BodyBuffer::Finish() {
  if (block_ != nullptr) std::memset(begin() + size_, 0, kPadding);
}

std::span<const std::byte> BodyBuffer::bytes() const {
  if (block_ == nullptr) return {kNoBody.data(), 0};
  return {begin(), size_};
}

}  // namespace slipway::net
