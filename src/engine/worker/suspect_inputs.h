#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "base/clock.h"
#include "tensor/tensor.h"

namespace slipway::engine {

struct SuspectBounds {
  std::size_t most = 256;         ///< inputs that are remembered; the oldest suspects go first
  std::chrono::seconds age{600};  ///< since the input's last end; then it is forgotten
};

/// What tells the inputs of requests apart: the checksum of types, shapes and bytes. One for each
/// of the requests that share these tensors, whose numbers of rows those are; one in all where
/// `rows` is empty, or not theirs. Reads all bytes.
std::vector<Checksum> FingerprintsOf(std::span<const TensorView> inputs,
                                     std::span<const std::int64_t> rows);

/// The inputs that were in the processes of one model when they ended. An input that was in such a
/// process is a suspect: others may have been beside it, or the process may have been killed. So
/// its next run is a trial, with the process to itself: answered in time, it is cleared; if the
/// process ends again, the input is refused. Either is forgotten with time. Thread-safe.
class SuspectInputs {
 public:
  enum class Record : std::uint8_t { kClear, kSuspect, kRefused };

  explicit SuspectInputs(const SuspectBounds& bounds) : bounds_(bounds) {}

  /// Whether no input has a record: an atomic load.
  bool IsEmpty() const { return count_.load(std::memory_order_acquire) == 0; }
  /// The worst of these inputs' records.
  Record Of(std::span<const Checksum> inputs, MonotonicTime now);
  /// These were in a process that ended; `in_trial`: a single input, in its trial. Whether that one
  /// is refused from now on, and was not before.
  bool Accuse(std::span<const Checksum> inputs, bool in_trial, MonotonicTime now);
  /// These were answered in their trial.
  void Clear(std::span<const Checksum> inputs);

 private:
  struct Entry {
    Record record = Record::kSuspect;
    MonotonicTime ended;  // the last process that had it
  };
  void Forget(MonotonicTime now);
  void MakeRoom();
  void Count() { count_.store(entries_.size(), std::memory_order_release); }

  const SuspectBounds bounds_;
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;  // guards what follows
  std::map<Checksum, Entry> entries_;
};

}  // namespace slipway::engine
