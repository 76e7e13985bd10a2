#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/worker/slot_layout.h"

namespace slipway::engine {

// One run in a slot: what the server writes and reads, and what the worker does. Numeric inputs are
// read by the engine where the server put them, and results of known sizes written where the server
// finds them.

/// The server's side of a run, whose arguments these are. Says how many bytes of the region are in
/// use. ResourceExhausted (kRunMemory): the region has no room.
struct RunArguments {
  const Signature& signature;
  std::span<const TensorView> inputs;
  std::span<const std::size_t> wanted;
  std::span<TensorBuffer> outputs;
  const RunLimits& limits;
};
Result<std::uint64_t> WriteRequest(const RunArguments& run, SlotHead& head,
                                   std::span<std::byte> region);

/// What became of a run. `is_nonsense`: what lies there no worker of ours writes; nothing of it was
/// believed, and the worker must go.
struct Answered {
  Status status;
  bool is_nonsense = false;
  std::uint64_t end = 0;  ///< of what was read in the region
};
/// Reads an answer into the outputs. The memory may change at any moment, and may hold anything.
Answered ReadAnswer(const RunArguments& run, const SlotHead& head,
                    std::span<const std::byte> region);

/// The worker's side: what it is asked to run. Borrows the region.
struct ReceivedRun {
  std::vector<TensorView> inputs;
  std::vector<std::size_t> wanted;
  std::vector<TensorBuffer> outputs;  ///< those in place have their memory
  RunLimits limits;
  std::uint64_t free_from = 0;
};
Result<ReceivedRun> ReadRequest(const SlotHead& head, std::span<std::byte> region);
/// `status` of the run, and if it is a success its outputs: an engine's output of another type than
/// the signature's is an error of this run.
void WriteAnswer(const Signature& signature, const ReceivedRun& run, Status status, SlotHead& head,
                 std::span<std::byte> region);

}  // namespace slipway::engine
