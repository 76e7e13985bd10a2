#include "serve/model/output_memory.h"

#include <algorithm>
#include <string>

namespace slipway::serve {

namespace {

bool HasFreeDimensionBehindTheFirst(const TensorSpec& spec) {
  return std::ranges::any_of(spec.shape.dims().subspan(1),
                             [](std::int64_t dim) { return dim < 0; });
}

}  // namespace

OutputMemory PlanOutputMemory(const Signature& signature, const TensorSpec& output) {
  if (output.dtype == DType::kString || BytesOf(output.dtype) == 0) return OutputMemory::kEngine;
  if (output.shape.IsStatic()) return OutputMemory::kFixed;
  if (!signature.IsBatchable() || HasFreeDimensionBehindTheFirst(output))
    return OutputMemory::kEngine;
  const TensorSpec& input = signature.inputs.front();
  if (output.axis_names.empty() || input.axis_names.empty()) return OutputMemory::kEngine;
  // The same name at both ends: whoever wrote the model says that it is the same number.
  const std::string& name = output.axis_names.front();
  const bool follows = !name.empty() && name == input.axis_names.front();
  return follows ? OutputMemory::kFollowsBatch : OutputMemory::kEngine;
}

Shape OutputShape(const TensorSpec& output, OutputMemory memory, std::int64_t rows) {
  Shape shape = output.shape;
  if (memory == OutputMemory::kFollowsBatch) shape.SetDim(0, rows);
  return shape;
}

}  // namespace slipway::serve
