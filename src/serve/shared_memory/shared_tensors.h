#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string_view>

#include "base/status.h"
#include "serve/shared_memory/region_table.h"
#include "serve/shared_memory/shared_range.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// The answer to whatever asks for shared memory where it is off. Unimplemented.
Status SharedMemoryIsOff();

/// An input of a request whose bytes lie in shared memory.
struct SharedInput {
  std::size_t index = 0;  ///< of the request's inputs
  SharedPlace place;
};

/// Copies the tensors of one request out of shared memory.
class SharedInputs {
 public:
  /// `regions` may be absent: shared memory is off. `max_bytes`: of all inputs together. Both
  /// outlive this.
  SharedInputs(const RegionTable* regions, std::uint64_t max_bytes)
      : regions_(regions), bytes_left_(max_bytes) {}

  /// `tensor`, whose bytes are those at `place`, copied to `memory`. InvalidArgument
  /// (kTensorDataMismatch): its type and shape have another size. ResourceExhausted
  /// (kBodyTooLarge): too many bytes in one request. Else what SharedMemoryIsOff(),
  /// RegionTable::Find() and SharedRange::Read() say.
  Result<TensorView> Read(const SharedPlace& place, const TensorView& tensor,
                          std::list<TensorBuffer>& memory);

 private:
  const RegionTable* regions_;
  std::uint64_t bytes_left_;
};

/// Where an output shall be written, found before the model runs. As SharedInputs::Read().
Result<SharedRange> FindOutputRange(const RegionTable* regions, const SharedPlace& place);
/// Writes an output there. InvalidArgument (kTensorDataMismatch): it has no room; what
/// SharedRange::Write() says.
Status WriteOutput(const SharedRange& range, std::string_view output,
                   std::span<const std::byte> bytes);

/// Where the output of that number goes, by what a request wishes of its outputs, each with an
/// optional SharedRange `range` (no wishes: all outputs, none of them shared); nullptr: into the
/// answer.
template <class Wishes>
const SharedRange* RangeOf(const Wishes& wishes, std::size_t output) {
  if (wishes.empty() || !wishes[output].range) return nullptr;
  return &*wishes[output].range;
}

/// Writes the outputs that are wished in shared memory there. `outputs`: (spec, tensor) in the
/// order of the wishes. As WriteOutput().
template <class Wishes, class Outputs>
Status WriteShared(const Wishes& wishes, const Outputs& outputs) {
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const SharedRange* const range = RangeOf(wishes, i);
    if (range == nullptr) continue;
    const auto& [spec, tensor] = outputs[i];
    SLIPWAY_RETURN_IF_ERROR(WriteOutput(*range, spec->name, tensor.bytes()));
  }
  return {};
}

}  // namespace slipway::serve
