#include "serve/grpc/tfs_examples.h"

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/tfs_rules.h"
#include "tensorflow/serving.pb.h"

namespace slipway::serve::grpc {
namespace {

using tensorflow::Example;
using tensorflow::Feature;
using Examples = google::protobuf::RepeatedPtrField<Example>;

/// The examples, and what they have in common (may be null).
struct Given {
  const Examples* examples = nullptr;
  const Example* context = nullptr;
};

Result<Given> GivenBy(const tensorflow::serving::Input& input) {
  Given given;
  if (input.has_example_list()) {
    given.examples = &input.example_list().examples();
  } else if (input.has_example_list_with_context()) {
    given.examples = &input.example_list_with_context().examples();
    given.context = &input.example_list_with_context().context();
  }
  if (given.examples == nullptr || given.examples->empty())
    return FieldInvalid("Input is empty: it has no examples");
  return given;
}

const Feature* Find(const Example& example, const std::string& name) {
  const auto found = example.features().feature().find(name);
  return found == example.features().feature().end() ? nullptr : &found->second;
}

Result<const Feature*> FeatureOf(const Given& given, int index, const std::string& name) {
  const Feature* const own = Find(given.examples->Get(index), name);
  const Feature* const common = given.context == nullptr ? nullptr : Find(*given.context, name);
  if (own != nullptr && common != nullptr)
    return FieldInvalid(
        fmt::format("example {} repeats feature \"{}\" of the context", index, name));
  if (own == nullptr && common == nullptr)
    return FieldInvalid(fmt::format("example {} has no feature \"{}\"", index, name));
  return own != nullptr ? own : common;
}

/// One feature of all examples on its way into a tensor.
class Column {
 public:
  explicit Column(const TensorSpec& spec) : spec_(spec) {}

  Status Append(const Feature& feature) {
    const std::size_t before = count_;
    SLIPWAY_RETURN_IF_ERROR(AppendValues(feature));
    const std::size_t values = count_ - before;
    if (before == 0) per_example_ = values;
    if (values == per_example_ && values > 0) return {};
    return FieldInvalid(fmt::format("feature \"{}\" has {} values in one example and {} in another",
                                    spec_.name, per_example_, values))
        .With(errors::kTensorDataMismatch);
  }

  Result<TensorBuffer> Finish(std::int64_t examples) const {
    const Shape row{static_cast<std::int64_t>(per_example_)};
    SLIPWAY_TRY(const Shape shape, tfs::ShapeOfFeature(spec_, count_, row, examples));
    if (spec_.dtype == DType::kString) return TensorBuffer::FromStrings(shape, strings_);
    if (has_integers_) return FromIntegers(shape);
    return ConvertTensor({DType::kF32, shape, std::as_bytes(std::span(floats_))}, spec_.dtype);
  }

 private:
  bool TakesFloats() const {
    return spec_.dtype == DType::kF32 || spec_.dtype == DType::kF64 || spec_.dtype == DType::kF16 ||
           spec_.dtype == DType::kBF16;
  }

  Status AppendValues(const Feature& feature) {
    if (feature.has_bytes_list() && spec_.dtype == DType::kString) {
      for (const std::string& text : feature.bytes_list().value()) strings_.push_back(text);
      count_ = strings_.size();
      return {};
    }
    if (feature.has_float_list() && TakesFloats()) {
      for (const float value : feature.float_list().value()) floats_.push_back(value);
      count_ = floats_.size();
      return {};
    }
    if (feature.has_int64_list() && spec_.dtype != DType::kString && !TakesFloats()) {
      has_integers_ = true;
      for (const std::int64_t value : feature.int64_list().value()) integers_.push_back(value);
      count_ = integers_.size();
      return {};
    }
    return FieldInvalid(fmt::format("feature \"{}\" has not the kind of list that {} travels in",
                                    spec_.name, tfs::NameOf(spec_.dtype).name))
        .With(errors::kTensorDataMismatch);
  }

  template <class T>
  Status Narrow(std::span<T> room) const {
    for (std::size_t i = 0; i < room.size(); ++i) {
      if (!std::in_range<T>(integers_[i]))
        return FieldInvalid(fmt::format("feature \"{}\": {} does not fit into {}", spec_.name,
                                        integers_[i], tfs::NameOf(spec_.dtype).name));
      room[i] = static_cast<T>(integers_[i]);
    }
    return {};
  }

  Status Fill(TensorBuffer& tensor) const {
    switch (spec_.dtype) {
      case DType::kBool:
        for (std::size_t i = 0; i < integers_.size(); ++i)
          tensor.As<std::uint8_t>()[i] = integers_[i] != 0 ? 1 : 0;
        return {};
      case DType::kU8:
        return Narrow(tensor.As<std::uint8_t>());
      case DType::kI8:
        return Narrow(tensor.As<std::int8_t>());
      case DType::kU16:
        return Narrow(tensor.As<std::uint16_t>());
      case DType::kI16:
        return Narrow(tensor.As<std::int16_t>());
      case DType::kU32:
        return Narrow(tensor.As<std::uint32_t>());
      case DType::kI32:
        return Narrow(tensor.As<std::int32_t>());
      case DType::kU64:
        return Narrow(tensor.As<std::uint64_t>());
      default:
        return Narrow(tensor.As<std::int64_t>());
    }
  }

  Result<TensorBuffer> FromIntegers(const Shape& shape) const {
    SLIPWAY_TRY(TensorBuffer tensor, TensorBuffer::Allocate(spec_.dtype, shape));
    SLIPWAY_RETURN_IF_ERROR(Fill(tensor));
    return tensor;
  }

  const TensorSpec& spec_;
  std::vector<float> floats_;
  std::vector<std::int64_t> integers_;
  std::vector<std::string_view> strings_;
  bool has_integers_ = false;
  std::size_t count_ = 0;
  std::size_t per_example_ = 0;
};

Status CheckNames(const Example& example, const Signature& signature) {
  for (const auto& [name, feature] : example.features().feature()) {
    if (signature.FindInput(name) != nullptr) continue;
    return FieldInvalid(fmt::format("the model has no input \"{}\"", Printable(name, 64)))
        .With(errors::kTensorNameUnknown);
  }
  return {};
}

}  // namespace

Status DecodeExamples(const tensorflow::serving::Input& input, const Signature& signature,
                      TfsExamples& examples) {
  SLIPWAY_TRY(const Given given, GivenBy(input));
  if (given.context != nullptr) SLIPWAY_RETURN_IF_ERROR(CheckNames(*given.context, signature));
  for (const Example& example : *given.examples)
    SLIPWAY_RETURN_IF_ERROR(CheckNames(example, signature));
  examples.count = given.examples->size();
  for (const TensorSpec& spec : signature.inputs) {
    Column column(spec);
    for (int i = 0; i < given.examples->size(); ++i) {
      SLIPWAY_TRY(const Feature* const feature, FeatureOf(given, i, spec.name));
      SLIPWAY_RETURN_IF_ERROR(column.Append(*feature));
    }
    SLIPWAY_TRY(TensorBuffer tensor, column.Finish(examples.count));
    examples.inputs.push_back({spec.name, examples.memory.emplace_back(std::move(tensor)).view()});
  }
  return {};
}

}  // namespace slipway::serve::grpc
