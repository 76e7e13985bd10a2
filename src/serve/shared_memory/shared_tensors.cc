#include "serve/shared_memory/shared_tensors.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {

Status SharedMemoryIsOff() {
  return Unimplemented("shared memory is not available: the server runs without --shared-memory")
      .Hint("send tensors with the request");
}

Result<SharedRange> FindOutputRange(const RegionTable* regions, const SharedPlace& place) {
  if (regions == nullptr) return SharedMemoryIsOff();
  return regions->Find(place);
}

Result<TensorView> SharedInputs::Read(const SharedPlace& place, const TensorView& tensor,
                                      std::list<TensorBuffer>& memory) {
  SLIPWAY_TRY(const SharedRange range, FindOutputRange(regions_, place));
  const std::uint64_t size = range.byte_size();
  if (tensor.dtype != DType::kString && ByteSize(tensor.dtype, tensor.shape) != size) {
    return InvalidArgument(
               fmt::format("{} is {}, a tensor of type {} and shape {} has another size",
                           kSharedSizeKey, size, OipName(tensor.dtype), tensor.shape.ToString()))
        .With(errors::kTensorDataMismatch);
  }
  if (size > bytes_left_) {
    return ResourceExhausted(
               "the inputs in shared memory have more bytes than a request's body may")
        .With(errors::kBodyTooLarge);
  }
  bytes_left_ -= size;
  SLIPWAY_TRY(TensorBuffer copy,
              TensorBuffer::Allocate(DType::kU8, {static_cast<std::int64_t>(size)}));
  SLIPWAY_RETURN_IF_ERROR(range.Read(copy.bytes()));
  return TensorView{tensor.dtype, tensor.shape, memory.emplace_back(std::move(copy)).view().bytes};
}

Status WriteOutput(const SharedRange& range, std::string_view output,
                   std::span<const std::byte> bytes) {
  if (bytes.size() > range.byte_size()) {
    return InvalidArgument(
               fmt::format("output \"{}\" has {} bytes, and {} of them have room in region \"{}\"",
                           output, bytes.size(), range.byte_size(), range.region()))
        .With(errors::kTensorDataMismatch)
        .Hint(fmt::format("ask with {} {} or more", kSharedSizeKey, bytes.size()));
  }
  return range.Write(bytes);
}

}  // namespace slipway::serve
