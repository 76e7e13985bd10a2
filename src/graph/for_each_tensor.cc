#include "graph/for_each_tensor.h"

#include <type_traits>

namespace slipway::graph {

namespace {

/// Walks a Model or a const Model.
template <class Visit>
class Walk {
 public:
  explicit Walk(const Visit& visit) : visit_(visit) {}

  template <class AnyGraph>
  Status InGraph(AnyGraph& graph) const {
    SLIPWAY_RETURN_IF_ERROR(One(graph.initializers));
    SLIPWAY_RETURN_IF_ERROR(One(graph.sparse_initializers));
    for (auto& node : graph.nodes) SLIPWAY_RETURN_IF_ERROR(InAttributes(node.attributes));
    return {};
  }

  template <class List>
  Status InAttributes(List& attributes) const {
    for (auto& attribute : attributes) {
      SLIPWAY_RETURN_IF_ERROR(
          std::visit([this](auto& value) { return One(value); }, attribute.value));
    }
    return {};
  }

 private:
  template <class T>
  Status One(T& value) const {
    using Plain = std::remove_const_t<T>;
    if constexpr (std::is_same_v<Plain, Tensor>) {
      return visit_(value);
    } else if constexpr (std::is_same_v<Plain, SparseTensor>) {
      SLIPWAY_RETURN_IF_ERROR(visit_(value.values));
      return visit_(value.indices);
    } else if constexpr (std::is_same_v<Plain, std::unique_ptr<Graph>>) {
      using Pointee = std::conditional_t<std::is_const_v<T>, const Graph, Graph>;
      Pointee* const graph = value.get();
      return graph == nullptr ? Status() : InGraph(*graph);
    } else {
      return {};  // numbers, texts and types hold no tensors
    }
  }
  template <class T>
  Status One(std::vector<T>& list) const {
    for (auto& entry : list) SLIPWAY_RETURN_IF_ERROR(One(entry));
    return {};
  }
  template <class T>
  Status One(const std::vector<T>& list) const {
    for (const auto& entry : list) SLIPWAY_RETURN_IF_ERROR(One(entry));
    return {};
  }

  const Visit& visit_;
};

template <class AnyModel, class Visit>
Status WalkModel(AnyModel& model, const Visit& visit) {
  const Walk<Visit> walk(visit);
  SLIPWAY_RETURN_IF_ERROR(walk.InGraph(model.main));
  for (auto& function : model.functions) {
    SLIPWAY_RETURN_IF_ERROR(walk.InGraph(function.body));
    SLIPWAY_RETURN_IF_ERROR(walk.InAttributes(function.default_attributes));
  }
  return {};
}

}  // namespace

Status ForEachTensor(Model& model, const std::function<Status(Tensor&)>& visit) {
  return WalkModel(model, visit);
}

Status ForEachTensor(const Model& model, const std::function<Status(const Tensor&)>& visit) {
  return WalkModel(model, visit);
}

}  // namespace slipway::graph
