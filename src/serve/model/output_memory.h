#pragma once

#include <cstdint>

#include "tensor/shape.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// Who provides the memory of an output.
enum class OutputMemory : std::uint8_t {
  kEngine,        ///< its size is known only after the run
  kFixed,         ///< ours: the signature's shape has no dimension of any size
  kFollowsBatch,  ///< ours: its first dimension is that of the inputs, the others are fixed
};

inline constexpr OutputMemory kLastOutputMemory = OutputMemory::kFollowsBatch;

/// What the shape of an output says before anything ran. Pure.
OutputMemory PlanOutputMemory(const Signature& signature, const TensorSpec& output);

/// The shape of an output whose memory is ours, for a request of `rows` rows.
Shape OutputShape(const TensorSpec& output, OutputMemory memory, std::int64_t rows);

}  // namespace slipway::serve
