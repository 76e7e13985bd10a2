#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tensor/npz.h"

/// An array is refused, or holds the bytes that its type and shape need and survives being written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const auto tensor = DecodeNpy(std::as_bytes(std::span(data, size)));
  if (!tensor.ok()) return 0;
  const bool is_text = tensor->dtype() == DType::kString;
  if (!is_text && ByteSize(tensor->dtype(), tensor->shape()) != tensor->bytes().size())
    std::abort();
  if (is_text && !UnpackStrings(tensor->view()).ok()) std::abort();
  const auto written = EncodeNpy(tensor->view());
  if (!written.ok()) {
    // Text with zero bytes at its end is what NumPy's fixed width cannot hold.
    if (!is_text) std::abort();
    return 0;
  }
  const auto again = DecodeNpy(std::as_bytes(std::span(*written)));
  if (!again.ok() || !std::ranges::equal(again->bytes(), tensor->bytes())) std::abort();
  return 0;
}
