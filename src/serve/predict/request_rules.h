#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// What every form of the Open Inference protocol asks of a request, whatever it is encoded in. All
/// refusals are InvalidArgument (kRequestFieldInvalid) without a place: the codec says where. Pure.

/// Of one tensor in a request.
inline constexpr std::uint64_t kMaxTensorElements = std::uint64_t{1} << 31;
/// Strings that are sent one by one, not packed.
inline constexpr std::uint64_t kMaxStrings = 500'000;

/// kModelNamePattern.
Status CheckModelName(std::string_view name);
/// At most 128 printable ASCII characters.
Status CheckRequestId(std::string_view id);
/// Not empty, and without NUL.
Status CheckTensorName(std::string_view name);
/// Not "triton_...", "_..." or "shared_memory_...", which belong to an input or output alone.
Status CheckParameterKey(std::string_view key);
/// How many classes a classification may ask for: 1 to 65536.
Result<std::uint32_t> CheckClasses(std::int64_t classes);
/// The type that a request may carry under this name.
Result<DType> ServableType(std::string_view name);
/// A shape of a request: no negative dimension, at most kMaxTensorElements elements. Returns how
/// many.
Result<std::uint64_t> CountElements(const Shape& shape);
/// A positive integer in digits.
Result<std::int64_t> ParseVersion(std::string_view text);
/// A request's own time limit, cut to a bound that no arithmetic on it overflows.
std::chrono::microseconds BoundTimeout(std::uint64_t microseconds);

/// `view`, or a copy of it kept in `copies` where its bytes lie at an address that its type may not
/// have. ResourceExhausted: no memory.
Result<TensorView> Aligned(const TensorView& view, std::list<TensorBuffer>& copies);

}  // namespace slipway::serve
