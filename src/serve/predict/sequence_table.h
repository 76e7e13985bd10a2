#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/predict/predictor.h"
#include "serve/predict/sequence_limits.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// A request that waits for its turn in its sequence.
struct SequenceTurn {
  InferRequest request;
  InferCompletion done;
};

/// The sequences that go on, of all models: requests of one run one after the other, in the order
/// in which they came, each with the states that the one before it left. Thread-safe; completions
/// are run without its lock.
class SequenceTable {
 public:
  struct Sequence;
  using SequenceHandle = std::shared_ptr<Sequence>;

  explicit SequenceTable(const SequenceLimits& limits) : limits_(limits) {}

  /// Lets a request wait. A handle: the caller runs the sequence's turns until Next() has none;
  /// nullptr: somebody does. InvalidArgument (kRequestFieldInvalid): the first of a sequence does
  /// not start it. Unavailable (kQueueFull): too many sequences, or too many wait in this one.
  /// `turn` is untouched by a failure.
  Result<SequenceHandle> Join(SequenceTurn& turn, MonotonicTime now);

  /// What a turn begins with.
  struct Begun {
    SequenceTurn turn;
    std::vector<TensorBuffer> states;  ///< those of the request before; empty: it is the first
    Status refusal;                    ///< not ok: it may not run, and Finish() is not for it
  };
  /// nullopt: none waits, and whoever called does not run turns any more.
  std::optional<Begun> Next(const SequenceHandle& sequence, MonotonicTime now);

  /// After a turn that ended well: what comes next. Unavailable (kQueueFull): the states of all
  /// sequences are too large; the sequence has ended.
  Status Advance(const SequenceHandle& sequence, std::vector<TensorBuffer> states, bool is_end);
  /// After a turn that failed: its states stand, unless it was the first.
  void Restore(const SequenceHandle& sequence, std::vector<TensorBuffer> states, bool was_start);

  /// Ends those that nobody has used for as long as their model lets them, and those of models that
  /// are gone. Returns whether any is left.
  bool EndIdle(MonotonicTime now);

  std::size_t size() const;

 private:
  using Sequences = std::map<SequenceId, SequenceHandle>;
  struct OfModel {
    std::weak_ptr<const ServedModel> model;
    std::chrono::microseconds max_idle{0};
    Sequences sequences;
  };

  OfModel& SequencesOf(const ModelHandle& model);
  bool IsOver(const OfModel& of_model, const Sequence& sequence, MonotonicTime now) const;
  void EndIdleOf(OfModel& of_model, MonotonicTime now);
  Status MakeRoom(OfModel& of_model, const ServedModel& model, MonotonicTime now);
  void SetStates(Sequence& sequence, std::vector<TensorBuffer> states);
  void Reset(Sequence& sequence);

  const SequenceLimits limits_;
  mutable std::mutex mutex_;  // guards all below, and every Sequence
  std::map<const ServedModel*, OfModel> models_;
  std::uint64_t state_bytes_ = 0;
};

}  // namespace slipway::serve
