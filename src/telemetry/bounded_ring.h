#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace slipway::telemetry {

/// A queue of a fixed number of items between threads: any may push, one pops. Neither waits: what
/// does not fit is for the pusher to count. After D. Vyukov's bounded queue
/// (1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue): every cell has the number
/// of the turn in which it may be written or read.
///
/// Pushing and looking are seq_cst, so that a popper may say that it sleeps, look once more, and
/// miss nobody who pushes first and looks for a sleeper then.
template <class Item>
class BoundedRing {
 public:
  /// Holds at least `capacity` items, at least 2.
  explicit BoundedRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1),
        cells_(std::make_unique<Cell[]>(mask_ + 1)) {
    for (std::size_t i = 0; i <= mask_; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  std::size_t capacity() const { return mask_ + 1; }

  /// Calls `fill(item)` with a place for one; false: there is none.
  template <class Fill>
  bool Push(Fill&& fill) {
    std::size_t at = tail_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[at & mask_];
      const std::size_t turn = cell.turn.load(std::memory_order_acquire);
      const auto ahead = static_cast<std::ptrdiff_t>(turn - at);
      if (ahead < 0) return false;
      if (ahead > 0) {
        at = tail_.load(std::memory_order_relaxed);
      } else if (tail_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        std::forward<Fill>(fill)(cell.item);
        cell.turn.store(at + 1, std::memory_order_seq_cst);
        return true;
      }
    }
  }

  /// Calls `take(item)` with the oldest; false: there is none. One thread only.
  template <class Take>
  bool Pop(Take&& take) {
    Cell& cell = cells_[head_ & mask_];
    if (cell.turn.load(std::memory_order_seq_cst) != head_ + 1) return false;
    std::forward<Take>(take)(cell.item);
    cell.turn.store(head_ + mask_ + 1, std::memory_order_release);
    ++head_;
    return true;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    Item item;
  };

  const std::size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::size_t head_ = 0;
};

}  // namespace slipway::telemetry
