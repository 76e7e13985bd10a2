#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

namespace slipway::net {

/// How many bytes of request bodies all connections together may hold. Thread-safe.
class BodyMemory {
 public:
  explicit BodyMemory(std::uint64_t limit) : limit_(limit) {}
  /// False, and nothing taken, beyond the limit.
  bool Take(std::uint64_t bytes);
  void Give(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

/// The bytes of one body: one offset in it lies on a 64-byte boundary, and 64 zero bytes follow it.
/// Counted against BodyMemory as they arrive, so that an announced length costs nothing. Move-only.
class BodyBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kPadding = 64;

  BodyBuffer() = default;
  BodyBuffer(std::shared_ptr<BodyMemory> memory, std::size_t aligned_offset)
      : memory_(std::move(memory)) {
    AlignAt(aligned_offset);
  }
  BodyBuffer(BodyBuffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        allocation_(std::exchange(other.allocation_, nullptr)),
        block_(std::exchange(other.block_, nullptr)),
        lead_(other.lead_),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  BodyBuffer& operator=(BodyBuffer&& other) noexcept;
  // A body is moved often on its way, and what it was moved from has nothing.
  ~BodyBuffer() {
    if (allocation_ != nullptr) Release();
  }

  /// Before the first Reserve(): the offset that shall lie on the boundary.
  void AlignAt(std::size_t offset) { lead_ = (kAlignment - offset % kAlignment) % kAlignment; }
  /// Makes room for `capacity` bytes in all, moving what is there; false without memory.
  bool Reserve(std::size_t capacity);
  /// Where the next bytes go.
  std::span<std::byte> room() { return {begin() + size_, capacity_ - size_}; }
  /// `count` bytes of room() were written. False if all bodies together are too large now.
  bool Commit(std::size_t count);
  /// Zeroes the padding. Nothing is added afterwards.
  void Finish();

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::span<const std::byte> bytes() const;

 private:
  std::byte* begin() const { return block_ == nullptr ? nullptr : block_ + lead_; }
  void Release();

  std::shared_ptr<BodyMemory> memory_;
  void* allocation_ = nullptr;
  std::byte* block_ = nullptr;  ///< in it, kAlignment-aligned: lead_, capacity_ and kPadding bytes
  std::size_t lead_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace slipway::net
