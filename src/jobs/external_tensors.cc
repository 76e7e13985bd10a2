#include "jobs/external_tensors.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::jobs {

namespace {

using graph::Attribute;
using graph::Graph;
using graph::SparseTensor;
using graph::Tensor;
using Visit = std::function<Status(Tensor&)>;

Status VisitGraph(Graph& graph, const Visit& visit);

/// Numbers, texts and types hold no tensors.
template <class T>
Status VisitOne(T&, const Visit&) {
  return {};
}

Status VisitOne(Tensor& tensor, const Visit& visit) {
  return tensor.external ? visit(tensor) : Status();
}
Status VisitOne(SparseTensor& tensor, const Visit& visit) {
  SLIPWAY_RETURN_IF_ERROR(VisitOne(tensor.values, visit));
  return VisitOne(tensor.indices, visit);
}
Status VisitOne(std::unique_ptr<Graph>& graph, const Visit& visit) {
  return graph ? VisitGraph(*graph, visit) : Status();
}
template <class T>
Status VisitOne(std::vector<T>& list, const Visit& visit) {
  for (T& entry : list) SLIPWAY_RETURN_IF_ERROR(VisitOne(entry, visit));
  return {};
}

Status VisitAttributes(std::vector<Attribute>& attributes, const Visit& visit) {
  for (Attribute& attribute : attributes) {
    SLIPWAY_RETURN_IF_ERROR(
        std::visit([&](auto& value) { return VisitOne(value, visit); }, attribute.value));
  }
  return {};
}

Status VisitGraph(Graph& graph, const Visit& visit) {
  SLIPWAY_RETURN_IF_ERROR(VisitOne(graph.initializers, visit));
  SLIPWAY_RETURN_IF_ERROR(VisitOne(graph.sparse_initializers, visit));
  for (graph::Node& node : graph.nodes)
    SLIPWAY_RETURN_IF_ERROR(VisitAttributes(node.attributes, visit));
  return {};
}

std::optional<std::uint64_t> BytesNeeded(const Tensor& tensor) {
  const auto count = tensor.ElementCount();
  if (!count || tensor.dtype == DType::kString || tensor.dtype == DType::kUndefined)
    return std::nullopt;
  const auto bits = CheckedMul<std::uint64_t>(*count, BitsOf(tensor.dtype));
  if (!bits) return std::nullopt;
  return *bits / 8 + (*bits % 8 == 0 ? 0 : 1);
}

Status PlaceOne(Tensor& tensor, const std::string& location, const package::Blob& weights) {
  graph::ExternalData& place = *tensor.external;
  const auto needed = BytesNeeded(tensor);
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
  SLIPWAY_RETURN_IF_ERROR(VisitGraph(model.main, visit));
  for (graph::Function& function : model.functions) {
    SLIPWAY_RETURN_IF_ERROR(VisitGraph(function.body, visit));
    SLIPWAY_RETURN_IF_ERROR(VisitAttributes(function.default_attributes, visit));
  }
  return {};
}

Status PlaceInWeights(graph::Model& model, const std::string& location,
                      const package::Blob& weights) {
  return ForEachExternalTensor(model,
                               [&](Tensor& tensor) { return PlaceOne(tensor, location, weights); });
}

}  // namespace slipway::jobs
