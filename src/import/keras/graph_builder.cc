#include "import/keras/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "import/keras/unused_nodes.h"

namespace slipway::import::keras {

namespace {

using graph::ValueId;

constexpr std::size_t kSinkThreshold = 1024;

/// The type as it is declared; a free batch is called N.
graph::ValueType DeclaredType(DType dtype, std::span<const std::int64_t> shape) {
  graph::ValueType type = graph::TensorType(dtype, shape);
  if (!shape.empty() && shape.front() < 0) type.shape->front().symbol = "batch";
  return type;
}

}  // namespace

std::vector<std::int64_t> ToChannelsFirstPermutation(std::int64_t rank) {
  std::vector<std::int64_t> order{0};
  if (rank > 1) order.push_back(rank - 1);
  for (std::int64_t axis = 1; axis + 1 < rank; ++axis) order.push_back(axis);
  return order;
}

std::vector<std::int64_t> FromChannelsFirstPermutation(std::int64_t rank) {
  std::vector<std::int64_t> order{0};
  for (std::int64_t axis = 2; axis < rank; ++axis) order.push_back(axis);
  if (rank > 1) order.push_back(1);
  return order;
}

std::string GraphBuilder::UniqueName(const std::string& wanted) {
  if (names_.insert(wanted).second) return wanted;
  std::size_t& count = name_counts_[wanted];
  for (;;) {
    std::string name = fmt::format("{}_{}", wanted, ++count);
    if (names_.insert(name).second) return name;
  }
}

std::vector<ValueId> GraphBuilder::EmitMany(std::string op, std::vector<ValueId> inputs,
                                            std::size_t outputs, Attributes attributes) {
  std::vector<ValueId> produced;
  graph::Node node{
      .op = op, .inputs = std::move(inputs), .attributes = std::move(attributes).Take()};
  node.name = UniqueName(path_.empty() ? op : path_ + "/" + op);
  for (std::size_t i = 0; i < outputs; ++i) {
    const std::string name = i == 0 ? node.name + ":0" : fmt::format("{}:{}", node.name, i);
    produced.push_back(graph_.AddValue(UniqueName(name)));
  }
  node.outputs = produced;
  graph_.AddNode(std::move(node));
  return produced;
}

ValueId GraphBuilder::Emit(std::string op, std::vector<ValueId> inputs, Attributes attributes) {
  return EmitMany(std::move(op), std::move(inputs), 1, std::move(attributes)).front();
}

std::optional<ValueId> GraphBuilder::FindConstant(const std::string& name) const {
  const auto found = constants_.find(name);
  if (found == constants_.end()) return std::nullopt;
  return found->second;
}

Result<ValueId> GraphBuilder::Constant(const std::string& name, std::vector<std::int64_t> dims,
                                       graph::Bytes floats) {
  if (const auto known = FindConstant(name)) return *known;
  graph::Tensor tensor{.name = UniqueName(name), .dtype = DType::kF32, .dims = std::move(dims)};
  if (sink_ != nullptr && floats.size() >= kSinkThreshold) {
    SLIPWAY_TRY(tensor.external, sink_->Put(floats.view()));
  } else {
    tensor.data = std::move(floats);
  }
  const ValueId value = graph_.AddInitializer(std::move(tensor));
  constants_.emplace(name, value);
  return value;
}

ValueId GraphBuilder::Floats(std::vector<std::int64_t> dims, std::span<const float> values) {
  std::string key = fmt::format("const_f32_{}", fmt::join(dims, "x"));
  for (const float value : values) fmt::format_to(std::back_inserter(key), "_{}", value);
  if (const auto known = FindConstant(key)) return *known;
  const ValueId value = graph_.AddInitializer(
      graph::Tensor::FromFloats(UniqueName("constant"), std::move(dims), values));
  constants_.emplace(std::move(key), value);
  return value;
}

ValueId GraphBuilder::Int64s(std::vector<std::int64_t> dims, std::span<const std::int64_t> values) {
  const std::string key =
      fmt::format("const_i64_{}_{}", fmt::join(dims, "x"), fmt::join(values, "_"));
  if (const auto known = FindConstant(key)) return *known;
  const ValueId value = graph_.AddInitializer(
      graph::Tensor::FromInt64s(UniqueName("constant"), std::move(dims), values));
  constants_.emplace(key, value);
  return value;
}

TensorId GraphBuilder::AddInput(const std::string& name, std::vector<std::int64_t> shape,
                                DType dtype) {
  const ValueId value = graph_.AddValue(UniqueName(name), DeclaredType(dtype, shape));
  graph_.inputs.push_back(value);
  return Add(value, Layout::kKeras, std::move(shape), dtype);
}

TensorId GraphBuilder::Add(ValueId value, Layout layout, std::vector<std::int64_t> shape,
                           DType dtype) {
  Tensor tensor{.shape = std::move(shape), .dtype = dtype, .mask = {}, .flattened_from = {}};
  tensor.values[static_cast<std::size_t>(layout)] = value;
  tensors_.push_back(std::move(tensor));
  return static_cast<TensorId>(tensors_.size() - 1);
}

TensorId GraphBuilder::AddLike(ValueId value, Layout layout, TensorId like) {
  const Tensor& model = at(like);
  const TensorId id = Add(value, layout, model.shape, model.dtype);
  Tensor& added = tensors_[static_cast<std::size_t>(id)];
  added.mask = at(like).mask;
  added.flattened_from = at(like).flattened_from;
  return id;
}

std::int64_t GraphBuilder::AxisIn(Layout layout, std::int64_t rank, std::int64_t axis) {
  if (layout == Layout::kKeras || axis == 0 || rank < 3) return axis;
  return axis == rank - 1 ? 1 : axis + 1;
}

ValueId GraphBuilder::ToKeras(const Tensor& tensor) {
  const ValueId held = tensor.values[static_cast<std::size_t>(Layout::kChannelsFirst)];
  const auto& image = tensor.flattened_from;
  if (image.empty()) {
    return Emit("Transpose", {held},
                {graph::IntsAttribute("perm", FromChannelsFirstPermutation(tensor.rank()))});
  }
  const auto image_rank = static_cast<std::int64_t>(image.size()) + 1;
  std::vector<std::int64_t> channels_first{0, image.back()};
  channels_first.insert(channels_first.end(), image.begin(), image.end() - 1);
  const ValueId unfolded = Emit("Reshape", {held, Int64s(channels_first)});
  const ValueId turned =
      Emit("Transpose", {unfolded},
           {graph::IntsAttribute("perm", FromChannelsFirstPermutation(image_rank))});
  return Emit("Flatten", {turned});
}

ValueId GraphBuilder::ToChannelsFirst(const Tensor& tensor) {
  return Emit("Transpose", {tensor.values[static_cast<std::size_t>(Layout::kKeras)]},
              {graph::IntsAttribute("perm", ToChannelsFirstPermutation(tensor.rank()))});
}

ValueId GraphBuilder::In(TensorId id, Layout layout) {
  const auto index = static_cast<std::size_t>(id);
  if (tensors_[index].rank() < 3 && tensors_[index].flattened_from.empty()) layout = Layout::kKeras;
  const auto wanted = static_cast<std::size_t>(layout);
  if (tensors_[index].values[wanted] == graph::kNoValue) {
    const Tensor& tensor = tensors_[index];
    const ValueId value = layout == Layout::kKeras ? ToKeras(tensor) : ToChannelsFirst(tensor);
    tensors_[index].values[wanted] = value;
  }
  return tensors_[index].values[wanted];
}

TensorId GraphBuilder::CastTo(TensorId id, DType dtype) {
  if (at(id).dtype == dtype) return id;
  const Layout layout = LayoutOf(id);
  const ValueId cast =
      Emit("Cast", {In(id, layout)}, {graph::IntAttribute("to", static_cast<std::int64_t>(dtype))});
  const TensorId made = AddLike(cast, layout, id);
  tensors_[static_cast<std::size_t>(made)].dtype = dtype;
  return made;
}

TensorId GraphBuilder::AsFloat(TensorId id) { return CastTo(id, DType::kF32); }

std::string GraphBuilder::UniqueOutputName(const std::string& wanted) {
  const auto holder = std::ranges::find(graph_.values, wanted, &graph::Value::name);
  const bool is_ours = holder == graph_.values.end();
  if (is_ours && names_.insert(wanted).second) return wanted;
  return UniqueName(wanted);
}

std::string GraphBuilder::AddOutput(const std::string& name, TensorId id) {
  ValueId value = InKeras(id);
  const bool taken = std::ranges::find(graph_.outputs, value) != graph_.outputs.end();
  const bool produced = std::ranges::any_of(graph_.nodes, [&](const graph::Node& node) {
    return std::ranges::find(node.outputs, value) != node.outputs.end();
  });
  if (taken || !produced) value = Emit("Identity", {value});
  graph::Value& output = graph_.value(value);
  output.name = UniqueOutputName(name);
  output.type = DeclaredType(at(id).dtype, at(id).shape);
  graph_.outputs.push_back(value);
  return output.name;
}

graph::Graph GraphBuilder::Finish(std::string name) {
  graph_.name = std::move(name);
  RemoveUnused(graph_);
  return std::move(graph_);
}

}  // namespace slipway::import::keras
