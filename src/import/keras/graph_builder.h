#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "graph/build.h"
#include "graph/graph.h"
#include "graph/onnx_file.h"

namespace slipway::import::keras {

/// In which order a value's axes lie in memory: Keras's own, or with the channels moved to the
/// front of the others (N, C, H, W), as ONNX's convolutions want them.
enum class Layout : std::uint8_t { kKeras, kChannelsFirst };

enum class TensorId : std::uint32_t {};

/// A node's attributes in braces, which a vector of move-only values does not allow.
class Attributes {
 public:
  template <class... One>
    requires(std::same_as<One, graph::Attribute> && ...)
  Attributes(One... attributes) {  // NOLINT(google-explicit-constructor)
    (list_.push_back(std::move(attributes)), ...);
  }
  void push_back(graph::Attribute attribute) { list_.push_back(std::move(attribute)); }
  bool empty() const { return list_.empty(); }
  std::vector<graph::Attribute> Take() && { return std::move(list_); }

 private:
  std::vector<graph::Attribute> list_;
};

/// One value of the network. Shape and axes are always Keras's; the graph may hold it in one layout
/// or in both.
struct Tensor {
  std::vector<std::int64_t> shape;  ///< -1: unknown
  DType dtype = DType::kF32;
  std::optional<TensorId> mask;  ///< Keras's mask: bool (batch, time), true where a step counts
  /// Of a flattened image that is held channels-first: its sizes before (H, W, C). Empty otherwise.
  std::vector<std::int64_t> flattened_from;
  graph::ValueId values[2] = {graph::kNoValue, graph::kNoValue};  ///< by Layout

  std::int64_t rank() const { return static_cast<std::int64_t>(shape.size()); }
  bool Has(Layout layout) const {
    return values[static_cast<std::size_t>(layout)] != graph::kNoValue;
  }
};

/// Builds the ONNX graph of a network. Layers ask for a value in the layout they want: a Transpose
/// appears only where no layer before has left it in that layout, and once.
class GraphBuilder {
 public:
  /// Constants of 1 KiB and more go to `sink`, if there is one, as soon as they are added.
  explicit GraphBuilder(graph::WeightSink* sink) : sink_(sink) {}

  /// Names of what is emitted from here on begin with this.
  void EnterLayer(std::string path) { path_ = std::move(path); }
  const std::string& path() const { return path_; }

  graph::ValueId Emit(std::string op, std::vector<graph::ValueId> inputs,
                      Attributes attributes = {});
  std::vector<graph::ValueId> EmitMany(std::string op, std::vector<graph::ValueId> inputs,
                                       std::size_t outputs, Attributes attributes = {});

  /// A constant. A name that is there already is taken to be the same constant.
  Result<graph::ValueId> Constant(const std::string& name, std::vector<std::int64_t> dims,
                                  graph::Bytes floats);
  std::optional<graph::ValueId> FindConstant(const std::string& name) const;
  /// Small constants, shared by content.
  graph::ValueId Scalar(float value) { return Floats({}, {&value, 1}); }
  graph::ValueId Floats(std::vector<std::int64_t> dims, std::span<const float> values);
  graph::ValueId Int64s(std::vector<std::int64_t> dims, std::span<const std::int64_t> values);
  graph::ValueId Int64s(const std::vector<std::int64_t>& values) {
    return Int64s({static_cast<std::int64_t>(values.size())}, values);
  }

  TensorId AddInput(const std::string& name, std::vector<std::int64_t> shape, DType dtype);
  TensorId Add(graph::ValueId value, Layout layout, std::vector<std::int64_t> shape,
               DType dtype = DType::kF32);
  /// A tensor like `like` (layout, shape, mask), computed from it element by element.
  TensorId AddLike(graph::ValueId value, Layout layout, TensorId like);
  const Tensor& at(TensorId id) const { return tensors_[static_cast<std::size_t>(id)]; }
  void SetMask(TensorId id, std::optional<TensorId> mask) {
    tensors_[static_cast<std::size_t>(id)].mask = mask;
  }

  void SetFlattenedFrom(TensorId id, std::vector<std::int64_t> image) {
    tensors_[static_cast<std::size_t>(id)].flattened_from = std::move(image);
  }

  /// The value in that layout; a Transpose where nothing else helps.
  graph::ValueId In(TensorId id, Layout layout);
  graph::ValueId InKeras(TensorId id) { return In(id, Layout::kKeras); }
  /// The layout in which the value is there already; channels first if in both.
  Layout LayoutOf(TensorId id) const {
    return at(id).Has(Layout::kChannelsFirst) ? Layout::kChannelsFirst : Layout::kKeras;
  }
  graph::ValueId Native(TensorId id) { return In(id, LayoutOf(id)); }
  /// The tensor as float32: itself, or a Cast of it.
  TensorId AsFloat(TensorId id);
  TensorId CastTo(TensorId id, DType dtype);

  /// Where Keras's axis lies in a value of that layout.
  static std::int64_t AxisIn(Layout layout, std::int64_t rank, std::int64_t axis);

  /// Makes `id` the model's next output under this name, or one like it where that is taken.
  std::string AddOutput(const std::string& name, TensorId id);
  /// The finished graph: nodes and constants that no output needs are gone.
  graph::Graph Finish(std::string name);

 private:
  graph::ValueId ToKeras(const Tensor& tensor);
  graph::ValueId ToChannelsFirst(const Tensor& tensor);
  std::string UniqueName(const std::string& wanted);
  std::string UniqueOutputName(const std::string& wanted);

  graph::WeightSink* sink_;
  graph::Graph graph_;
  std::string path_;
  std::vector<Tensor> tensors_;
  std::set<std::string, std::less<>> names_;
  std::map<std::string, graph::ValueId, std::less<>> constants_;
  std::map<std::string, std::size_t, std::less<>> name_counts_;
};

/// (0, rank - 1, 1, ...): from Keras's order to channels first, and its inverse.
std::vector<std::int64_t> ToChannelsFirstPermutation(std::int64_t rank);
std::vector<std::int64_t> FromChannelsFirstPermutation(std::int64_t rank);

}  // namespace slipway::import::keras
