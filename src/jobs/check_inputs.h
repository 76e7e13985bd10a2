#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::jobs {

enum class Fill : std::uint8_t {
  kRandom,  ///< seeded: floats in [0, 1), ids within the vocabulary, small integers, both booleans
  kLowest,  ///< zeros, id 0
  kOnes,
  kHighest,  ///< 1 for floats, the last id, 255 for bytes
};

/// One input set of the self-check.
struct CheckCase {
  std::string name;  ///< "random, batch 3"
  Fill fill = Fill::kRandom;
  std::int64_t batch = 1;     ///< of a first dimension of any size
  std::int64_t any_size = 8;  ///< of other dimensions of any size
  /// A failure here means that the conversion is wrong; in the others the model itself may be
  /// unable (an image too small).
  bool decisive = true;
};

/// The cases for a signature, the most telling first: random with batch 1, then what the dimensions
/// and types make worth trying. Pure. `any_size` is the size with which the model is known to run.
std::vector<CheckCase> PlanCheck(const Signature& signature, std::int64_t any_size);

/// Sizes to try for dimensions of any size until the model runs, smallest first. One entry when
/// there are none.
std::vector<std::int64_t> AnySizeCandidates(const Signature& signature);

/// The tensor of a case for one input. `id_count`: as many ids as the model knows, 0 if the input
/// is none. Equal arguments give equal tensors.
Result<TensorBuffer> MakeCheckInput(const TensorSpec& spec, const CheckCase& check,
                                    std::int64_t id_count, std::uint64_t seed);

}  // namespace slipway::jobs
