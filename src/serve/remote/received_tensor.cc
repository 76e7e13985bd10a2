#include "serve/remote/received_tensor.h"

#include <fmt/format.h>

#include <span>

#include "base/log.h"

namespace slipway::serve {

Status NotOip(std::string_view what) {
  return DataLoss(
             fmt::format("the server's answer is not of the Open Inference Protocol: {}", what))
      .Hint("is it the address of a model server?");
}

Result<TensorBuffer> ReceivedTensor(const TensorSpec& given, std::string_view bytes) {
  const TensorView view{given.dtype, given.shape, std::as_bytes(std::span(bytes))};
  const bool whole = given.dtype == DType::kString
                         ? UnpackStrings(view).ok()
                         : ByteSize(given.dtype, given.shape) == bytes.size();
  if (!given.shape.IsStatic() || !whole) {
    return NotOip(fmt::format("output \"{}\" has {} bytes, which are not {}",
                              Printable(given.name, 64), bytes.size(), ToString(given)));
  }
  return TensorBuffer::CopyOf(view);
}

}  // namespace slipway::serve
