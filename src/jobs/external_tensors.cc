#include "jobs/external_tensors.h"

#include <fmt/format.h>

#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/for_each_tensor.h"
#include "graph/tensor_bytes.h"

namespace slipway::jobs {

namespace {

using graph::Tensor;

Status PlaceOne(Tensor& tensor, const std::string& location, const package::Blob& weights) {
  graph::ExternalData& place = *tensor.external;
  const auto needed = graph::PackedSize(tensor.dtype, tensor.dims);
  const auto end = needed ? CheckedAdd(place.offset, *needed) : std::nullopt;
  const bool fits = end && *end <= weights.size && place.length.value_or(*needed) == *needed;
  if (place.location != location || !fits) {
    return DataLoss("a tensor's bytes are not where the importer says")
        .With(errors::kCorruptModelFile)
        .At(fmt::format("tensor {}", Printable(tensor.name)));
  }
  place = {.location = weights.digest.Hex(), .offset = place.offset, .length = *needed};
  return {};
}

}  // namespace

Status ForEachExternalTensor(graph::Model& model, const std::function<Status(Tensor&)>& visit) {
  return graph::ForEachTensor(
      model, [&](Tensor& tensor) { return tensor.external ? visit(tensor) : Status(); });
}

Status PlaceInWeights(graph::Model& model, const std::string& location,
                      const package::Blob& weights) {
  return ForEachExternalTensor(model,
                               [&](Tensor& tensor) { return PlaceOne(tensor, location, weights); });
}

}  // namespace slipway::jobs
