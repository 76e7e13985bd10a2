#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/status.h"
#include "sandbox/wire/spoken.h"
#include "tensor/tensor.h"

namespace slipway::engine {

// What lies in the memory that a server shares with one worker: slots, each a head and a region for
// the tensors of one run at a time. The server writes the request and adds one to `run`; the worker
// writes the answer and copies that number to `answered`. Both sleep on these words (futex).

inline constexpr std::size_t kMaxSlotTensors = sandbox::kMaxSpokenTensors;  ///< in, and out
inline constexpr std::size_t kMaxSlotError = 2 * sandbox::kMaxSpokenText;
inline constexpr std::size_t kSlotAlignment = 64;  ///< of tensors

struct TensorHead {
  std::uint32_t dtype = 0;
  std::uint32_t rank = 0;
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::uint64_t offset = 0;  ///< in the slot's region
  std::uint64_t size = 0;
};

struct WantedHead {
  std::uint32_t output = 0;    ///< of the signature
  std::uint32_t in_place = 0;  ///< 1: the result goes where `place` says
  TensorHead place;
};

struct RequestHead {
  std::int64_t deadline_ns = 0;  ///< of the monotonic clock; 0: none
  std::uint64_t max_bytes = 0;   ///< RunLimits
  std::uint64_t free_from = 0;   ///< in the region: for results that are not in place
  std::uint32_t inputs = 0;
  std::uint32_t wanted = 0;
};

struct AnswerHead {
  std::uint32_t outputs = 0;
  std::uint32_t error_bytes = 0;  ///< of JSON (sandbox::SpeakStatus); 0: success
};

/// On a cache line of its own.
struct alignas(64) SlotWord {
  std::atomic<std::uint32_t> value{0};
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

struct SlotHead {
  SlotWord run;
  SlotWord answered;
  SlotWord thread;  ///< the worker's thread for this slot, as the kernel numbers it
  alignas(64) RequestHead request;
  alignas(64) AnswerHead answer;
  alignas(64) std::array<TensorHead, kMaxSlotTensors> inputs;
  alignas(64) std::array<WantedHead, kMaxSlotTensors> wanted;
  alignas(64) std::array<TensorHead, kMaxSlotTensors> outputs;
  alignas(64) std::array<char, kMaxSlotError> error;
};

/// A copy of what the other side may be writing at this moment. What is read of it later is the
/// copy, whatever the compiler thinks of memory that nobody here writes.
template <class T>
T CopyOnce(const T& shared) {
  T copy;
  std::memcpy(static_cast<void*>(&copy), &shared, sizeof copy);
  asm volatile("" ::: "memory");
  return copy;
}

TensorHead HeadOf(DType dtype, const Shape& shape, std::uint64_t offset, std::uint64_t size);

/// The tensor that a copied head describes, in `region`. DataLoss: a type that cannot be served, a
/// shape that is none, bytes that are not its own or lie elsewhere.
Result<TensorView> ViewOf(const TensorHead& copied, std::span<const std::byte> region);

/// Where tensors go in a region, one after the other.
class Placing {
 public:
  explicit Placing(std::uint64_t room, std::uint64_t begin = 0) : room_(room), next_(begin) {}
  /// ResourceExhausted (kRunMemory): there is no room.
  Result<std::uint64_t> Place(std::uint64_t size);
  std::uint64_t next() const { return next_; }

 private:
  const std::uint64_t room_;
  std::uint64_t next_;
};

}  // namespace slipway::engine
