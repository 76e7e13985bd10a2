#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

struct NamedTensor {
  std::string name;
  TensorBuffer tensor;
};

struct NamedView {
  std::string_view name;
  TensorView tensor;
};

struct NpzLimits {
  std::uint64_t max_bytes = std::uint64_t{4} << 30;  ///< all arrays together, inflated
  std::size_t max_arrays = 10'000;
  std::uint64_t max_ratio = 1000;  ///< inflated to stored size of one member above 64 MiB
};

/// One array in NumPy's .npy format, versions 1 to 3 (numpy.lib.format): numbers and booleans of
/// either byte order, C or Fortran order (given back in C order), and fixed-width strings ('S',
/// 'U', as kString). bfloat16 arrays ('V2' with no name) are refused like every object or
/// structured array: DataLoss or Unimplemented, saying which. Nothing is ever unpickled.
Result<TensorBuffer> DecodeNpy(std::span<const std::byte> bytes);
/// Version 1.0, C order. kString becomes fixed-width 'S'; kBF16 is written as float32, which holds
/// it exactly.
Result<std::string> EncodeNpy(const TensorView& tensor);

/// The arrays of a .npz file (stored or deflated members), in file order, names without ".npy".
Result<std::vector<NamedTensor>> ReadNpz(const std::string& path, const NpzLimits& limits = {});
Result<std::vector<NamedTensor>> DecodeNpz(std::span<const std::byte> bytes,
                                           const NpzLimits& limits = {});
/// Deflated members with a fixed time stamp: equal arrays give equal bytes. Written whole or not at
/// all.
Status WriteNpz(const std::string& path, std::span<const NamedView> arrays);
Result<std::string> EncodeNpz(std::span<const NamedView> arrays);

}  // namespace slipway
