#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tensor/npz.h"

/// An archive is refused, or gives arrays that together stay within the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const NpzLimits limits{.max_bytes = 1 << 22, .max_arrays = 64};
  const auto arrays = DecodeNpz(std::as_bytes(std::span(data, size)), limits);
  if (!arrays.ok()) return 0;
  std::size_t bytes = 0;
  for (const NamedTensor& array : *arrays) {
    // Text takes four bytes more for each element, and as much again as UTF-8.
    if (array.tensor.dtype() != DType::kString) bytes += array.tensor.bytes().size();
  }
  if (arrays->size() > limits.max_arrays || bytes > limits.max_bytes) std::abort();
  return 0;
}
