#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace slipway::engine {

/// Where each weight of a compiled model begins in the file beside it, in bytes: what the widest
/// instructions want, since kernels read packed weights where they are mapped.
inline constexpr std::uint64_t kWeightAlignment = 64;
/// The same of weights of a page and more, so that no two share one.
inline constexpr std::uint64_t kPageAlignment = 4096;

/// Moves the weights of a model that ONNX Runtime wrote with its external data in `data_path`, so
/// that they are aligned, and says so in the model. The library aligns those above 1 MiB only
/// (1.31, as of which this reads its entries: "offset", "length", and for each packed form
/// "prepacked_N" = KEY|OFFSET;LENGTH;CHECKSUM|...), and its own kernels for AVX-512 end the process
/// where packed weights are not aligned. Reads the model into memory, and the data piece by piece.
/// Both files are of no use after an error: Internal, an entry that is not known, or the disk's.
Status AlignWeights(const std::string& model_path, const std::string& data_path);

}  // namespace slipway::engine
