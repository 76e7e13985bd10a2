#include "graph/onnx/skeleton.h"

#include <span>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "graph/onnx_encoder.h"

namespace slipway::graph {

namespace {

constexpr std::uint64_t kShownBelow = 1024;

/// Takes no bytes: what goes here is cut off the message afterwards.
class Nowhere final : public WeightSink {
 public:
  Result<ExternalData> Put(std::span<const std::byte>) override {
    return ExternalData{.location = "-"};
  }
};

/// Cuts the tensors that have no bytes.
class Cutter {
 public:
  explicit Cutter(Keep keep) : keep_(keep) {}

  void Cut(::onnx::GraphProto& graph) const {
    for (auto& tensor : *graph.mutable_initializer()) Cut(tensor);
    for (auto& sparse : *graph.mutable_sparse_initializer()) Cut(sparse);
    for (auto& node : *graph.mutable_node()) Cut(*node.mutable_attribute());
  }
  void Cut(::onnx::FunctionProto& function) const {
    for (auto& node : *function.mutable_node()) Cut(*node.mutable_attribute());
    Cut(*function.mutable_attribute_proto());
  }

 private:
  void Cut(google::protobuf::RepeatedPtrField<::onnx::AttributeProto>& attributes) const {
    for (::onnx::AttributeProto& attribute : attributes) {
      if (attribute.has_t()) Cut(*attribute.mutable_t());
      if (attribute.has_g()) Cut(*attribute.mutable_g());
      if (attribute.has_sparse_tensor()) Cut(*attribute.mutable_sparse_tensor());
      for (auto& tensor : *attribute.mutable_tensors()) Cut(tensor);
      for (auto& graph : *attribute.mutable_graphs()) Cut(graph);
      for (auto& sparse : *attribute.mutable_sparse_tensors()) Cut(sparse);
    }
  }
  void Cut(::onnx::SparseTensorProto& sparse) const {
    Cut(*sparse.mutable_values());
    Cut(*sparse.mutable_indices());
  }
  void Cut(::onnx::TensorProto& tensor) const {
    if (tensor.data_location() != ::onnx::TensorProto::EXTERNAL) return;
    tensor.clear_external_data();
    tensor.clear_data_location();
    if (keep_ == Keep::kDimensions) return;
    tensor.clear_dims();
    tensor.add_dims(0);
  }

  const Keep keep_;
};

}  // namespace

Result<::onnx::ModelProto> SkeletonOf(const Model& model, Keep keep) {
  Nowhere nowhere;
  SLIPWAY_TRY(
      const WireWriter message,
      EncodeMessage(model, {.sink = &nowhere, .threshold = kShownBelow, .keep_external = true}));
  ::onnx::ModelProto proto;
  if (!proto.ParseFromString(message.Joined()))
    return Internal("ONNX's library cannot read the model");
  const Cutter cutter(keep);
  cutter.Cut(*proto.mutable_graph());
  for (auto& function : *proto.mutable_functions()) cutter.Cut(function);
  return proto;
}

std::string ReasonOf(const std::exception& error) {
  std::string_view text = error.what();
  text = text.substr(0, text.find("\n\n==>"));
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return Printable(line);
}

}  // namespace slipway::graph
