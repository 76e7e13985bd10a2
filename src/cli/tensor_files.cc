#include "cli/tensor_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kMaxTensorFile = std::size_t{4} << 30;

Status Field(const TensorSpec& spec, std::string message) {
  return InvalidArgument(fmt::format("input \"{}\": {}", spec.name, message))
      .With(errors::kRequestFieldInvalid);
}

/// Collects the leaves of nested lists and the shape they make.
class JsonLeaves {
 public:
  explicit JsonLeaves(const TensorSpec& spec) : spec_(spec) {}

  Status Collect(const Json& json, std::size_t depth) {
    if (!json.is_array()) {
      if (depth != dims_.size())
        return Field(spec_, "the lists are ragged: some are nested deeper than others");
      leaves_.push_back(&json);
      return {};
    }
    if (depth == Shape::kMaxRank) return Field(spec_, "the lists are nested too deeply");
    const auto size = static_cast<std::int64_t>(json.size());
    if (depth == dims_.size()) {
      if (!leaves_.empty())
        return Field(spec_, "the lists are ragged: some are nested deeper than others");
      dims_.push_back(size);
    } else if (dims_[depth] != size) {
      return Field(spec_, fmt::format("the lists are ragged: {} and {} elements at depth {}",
                                      dims_[depth], size, depth + 1));
    }
    for (const Json& element : json) SLIPWAY_RETURN_IF_ERROR(Collect(element, depth + 1));
    return {};
  }

  std::span<const Json* const> leaves() const { return leaves_; }
  const std::vector<std::int64_t>& dims() const { return dims_; }

 private:
  const TensorSpec& spec_;
  std::vector<std::int64_t> dims_;
  std::vector<const Json*> leaves_;
};

Result<TensorBuffer> Cast(const TensorSpec& spec, TensorBuffer tensor) {
  if (tensor.dtype() == spec.dtype) return tensor;
  if (tensor.dtype() == DType::kString || spec.dtype == DType::kString) {
    return Field(spec, fmt::format("expected type {}, got {}", ShortName(spec.dtype),
                                   ShortName(tensor.dtype())));
  }
  Result<TensorBuffer> cast = ConvertTensor(tensor.view(), spec.dtype);
  if (!cast.ok()) return std::move(cast).status().At(fmt::format("input \"{}\"", spec.name));
  return cast;
}

Result<TensorBuffer> Fit(const TensorSpec& spec, TensorBuffer tensor) {
  SLIPWAY_TRY(TensorBuffer cast, Cast(spec, std::move(tensor)));
  SLIPWAY_RETURN_IF_ERROR(CheckTensor(spec, cast.view()));
  return cast;
}

Result<TensorBuffer> NumbersFromJson(const TensorSpec& spec, const Shape& shape,
                                     std::span<const Json* const> leaves) {
  SLIPWAY_TRY(TensorBuffer doubles, TensorBuffer::Allocate(DType::kF64, shape));
  const std::span<double> values = doubles.As<double>();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Json& leaf = *leaves[i];
    if (leaf.is_boolean()) {
      values[i] = leaf.get<bool>() ? 1 : 0;
    } else if (leaf.is_number()) {
      values[i] = leaf.get<double>();
    } else {
      return Field(spec,
                   fmt::format("element {} is {}, not a number", i, Printable(DumpJson(leaf), 64)));
    }
  }
  return Cast(spec, std::move(doubles));
}

/// 64-bit integers do not pass through double.
Result<TensorBuffer> WideIntegersFromJson(const TensorSpec& spec, const Shape& shape,
                                          std::span<const Json* const> leaves) {
  SLIPWAY_TRY(TensorBuffer buffer, TensorBuffer::Allocate(spec.dtype, shape));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Json& leaf = *leaves[i];
    const bool fits =
        spec.dtype == DType::kU64 ? leaf.is_number_unsigned() : leaf.is_number_integer();
    if (!fits)
      return Field(spec, fmt::format("element {} is {}, not an integer of type {}", i,
                                     Printable(DumpJson(leaf), 64), ShortName(spec.dtype)));
    const std::uint64_t bits = leaf.is_number_unsigned()
                                   ? leaf.get<std::uint64_t>()
                                   : static_cast<std::uint64_t>(leaf.get<std::int64_t>());
    std::memcpy(buffer.bytes().data() + 8 * i, &bits, 8);
  }
  return buffer;
}

Result<TensorBuffer> StringsFromJson(const TensorSpec& spec, const Shape& shape,
                                     std::span<const Json* const> leaves) {
  std::vector<std::string_view> strings;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i]->is_string()) return Field(spec, fmt::format("element {} is not a string", i));
    strings.push_back(leaves[i]->get_ref<const std::string&>());
  }
  return TensorBuffer::FromStrings(shape, strings);
}

OrderedJson Nest(const Shape& shape, std::size_t axis, std::size_t& next,
                 const std::vector<OrderedJson>& leaves) {
  if (axis == shape.rank()) return leaves[next++];
  OrderedJson list = OrderedJson::array();
  for (std::int64_t i = 0; i < shape[axis]; ++i)
    list.push_back(Nest(shape, axis + 1, next, leaves));
  return list;
}

/// float as the double whose shortest text is the float's own shortest text.
double ShortestDouble(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return ParseDouble(std::string_view(text, static_cast<std::size_t>(end - text))).value_or(value);
}

std::vector<OrderedJson> Leaves(const TensorView& tensor) {
  std::vector<OrderedJson> leaves;
  if (tensor.dtype == DType::kString) {
    const auto strings = UnpackStrings(tensor);
    if (strings.ok()) leaves.assign(strings->begin(), strings->end());
    return leaves;
  }
  if (tensor.dtype == DType::kI64 || tensor.dtype == DType::kU64) {
    for (const std::int64_t value : tensor.As<std::int64_t>()) {
      leaves.push_back(tensor.dtype == DType::kI64
                           ? OrderedJson(value)
                           : OrderedJson(static_cast<std::uint64_t>(value)));
    }
    return leaves;
  }
  const auto values = ToDoubles(tensor);
  if (!values.ok()) return leaves;
  for (const double value : *values) {
    if (tensor.dtype == DType::kBool) {
      leaves.emplace_back(value != 0);
    } else if (IsInteger(tensor.dtype)) {
      leaves.emplace_back(static_cast<std::int64_t>(value));
    } else if (tensor.dtype == DType::kF64) {
      leaves.emplace_back(value);
    } else {
      leaves.emplace_back(ShortestDouble(static_cast<float>(value)));
    }
  }
  return leaves;
}

Result<TensorBuffer> PickArray(const TensorSpec& spec, const std::string& path,
                               std::string_view wanted) {
  SLIPWAY_TRY(std::vector<NamedTensor> arrays, ReadNpz(path));
  std::string names;
  for (NamedTensor& array : arrays) {
    const bool only = wanted.empty() && arrays.size() == 1;
    if (only || array.name == (wanted.empty() ? spec.name : wanted)) return std::move(array.tensor);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", array.name);
  }
  return NotFound(fmt::format("{} has no array \"{}\"; it has: {}", path,
                              wanted.empty() ? spec.name : wanted, names))
      .Hint(fmt::format("name one: {}=@{}:ARRAY", spec.name, path));
}

Result<TensorBuffer> ReadRaw(const TensorSpec& spec, const std::string& path) {
  SLIPWAY_TRY(const std::string content, ReadFile(path, kMaxTensorFile));
  Shape shape = spec.shape;
  std::optional<std::size_t> free_axis;
  std::uint64_t fixed = BytesOf(spec.dtype);
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] >= 0) {
      fixed *= static_cast<std::uint64_t>(shape[axis]);
    } else if (free_axis) {
      return Field(
          spec,
          "raw bytes do not say which shape they have: more than one dimension is free; use .npy");
    } else {
      free_axis = axis;
    }
  }
  if (fixed == 0)
    return Field(spec, "this type or shape cannot be read from raw bytes; use .npy or JSON");
  if (free_axis) shape.SetDim(*free_axis, static_cast<std::int64_t>(content.size() / fixed));
  if (ByteSize(spec.dtype, shape) != content.size()) {
    return Field(spec, fmt::format("{} has {} bytes, which do not fill {}", path, content.size(),
                                   ToString(spec)))
        .With(errors::kTensorDataMismatch);
  }
  return TensorBuffer::CopyOf({spec.dtype, shape, std::as_bytes(std::span(content))});
}

Result<Json> ReadJsonFile(const std::string& path) {
  SLIPWAY_TRY(const std::string text,
              path == "-" ? ReadAll(0, kMaxTensorFile) : ReadFile(path, kMaxTensorFile));
  Result<Json> json = ParseJson(text, {.max_bytes = kMaxTensorFile});
  if (!json.ok()) return std::move(json).status().At(path);
  return json;
}

const TensorSpec* FindSpec(const Signature& signature, std::string_view name) {
  return signature.FindInput(name);
}

Status UnknownInput(const Signature& signature, std::string_view name) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : signature.inputs) names.push_back(spec.name);
  std::string message = fmt::format("the model has no input \"{}\"; it has: {}",
                                    Printable(name, 64), fmt::join(names, ", "));
  if (const auto near = DidYouMean(name, names))
    message += fmt::format("; did you mean {}?", *near);
  return InvalidArgument(std::move(message)).With(errors::kTensorNameUnknown);
}

/// Fills slots of inputs from -i arguments.
class InputCollector {
 public:
  explicit InputCollector(const Signature& signature)
      : signature_(signature), slots_(signature.inputs.size()) {}

  Status Add(const std::string& argument) {
    if (argument.starts_with("@")) return AddFile(argument.substr(1));
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument(fmt::format("-i takes NAME=@FILE, NAME=JSON or @FILE, not \"{}\"",
                                         Printable(argument, 64)))
          .With(errors::kUsage);
    }
    const std::string name = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    const TensorSpec* spec = FindSpec(signature_, name);
    if (spec == nullptr) return UnknownInput(signature_, name);
    if (value.starts_with("@")) {
      SLIPWAY_TRY(TensorBuffer tensor, ReadTensorFile(*spec, value.substr(1)));
      return Put(*spec, std::move(tensor));
    }
    SLIPWAY_TRY(const Json json, ParseJson(value));
    SLIPWAY_TRY(TensorBuffer tensor, TensorFromJson(*spec, json));
    return Put(*spec, std::move(tensor));
  }

  Result<std::vector<TensorBuffer>> Finish() {
    std::vector<TensorBuffer> inputs;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) {
        return InvalidArgument(fmt::format("input \"{}\" is missing: {}", signature_.inputs[i].name,
                                           ToString(signature_.inputs[i])))
            .With(errors::kTensorNameUnknown)
            .Hint(fmt::format("-i {}=@FILE", signature_.inputs[i].name));
      }
      inputs.push_back(std::move(*slots_[i]));
    }
    return inputs;
  }

 private:
  Status Put(const TensorSpec& spec, TensorBuffer tensor) {
    auto& slot = slots_[static_cast<std::size_t>(&spec - signature_.inputs.data())];
    if (slot)
      return InvalidArgument(fmt::format("input \"{}\" is given twice", spec.name))
          .With(errors::kUsage);
    SLIPWAY_TRY(TensorBuffer fitted, Fit(spec, std::move(tensor)));
    slot = std::move(fitted);
    return {};
  }

  /// A file with all inputs: .npz with arrays, or a JSON object, by input name (or in_0, in_1,
  /// ...).
  Status AddFile(const std::string& path) {
    if (path.ends_with(".npz")) {
      SLIPWAY_TRY(std::vector<NamedTensor> arrays, ReadNpz(path));
      for (std::size_t i = 0; i < signature_.inputs.size(); ++i) {
        const TensorSpec& spec = signature_.inputs[i];
        for (NamedTensor& array : arrays) {
          if (array.name != spec.name && array.name != fmt::format("in_{}", i)) continue;
          SLIPWAY_RETURN_IF_ERROR(Put(spec, std::move(array.tensor)));
          break;
        }
      }
      return {};
    }
    if (signature_.inputs.size() == 1 && !path.ends_with(".json") && path != "-") {
      SLIPWAY_TRY(TensorBuffer tensor, ReadTensorFile(signature_.inputs[0], path));
      return Put(signature_.inputs[0], std::move(tensor));
    }
    SLIPWAY_TRY(const Json json, ReadJsonFile(path));
    return AddJson(json);
  }

  Status AddJson(const Json& json) {
    if (!json.is_object()) {
      if (signature_.inputs.size() != 1)
        return InvalidArgument("the JSON document must be an object with one key for each input");
      SLIPWAY_TRY(TensorBuffer tensor, TensorFromJson(signature_.inputs[0], json));
      return Put(signature_.inputs[0], std::move(tensor));
    }
    for (const auto& [name, value] : json.items()) {
      const TensorSpec* spec = FindSpec(signature_, name);
      if (spec == nullptr) return UnknownInput(signature_, name);
      SLIPWAY_TRY(TensorBuffer tensor, TensorFromJson(*spec, value));
      SLIPWAY_RETURN_IF_ERROR(Put(*spec, std::move(tensor)));
    }
    return {};
  }

  const Signature& signature_;
  std::vector<std::optional<TensorBuffer>> slots_;
};

}  // namespace

Result<TensorBuffer> TensorFromJson(const TensorSpec& spec, const Json& json) {
  JsonLeaves leaves(spec);
  SLIPWAY_RETURN_IF_ERROR(leaves.Collect(json, 0));
  SLIPWAY_TRY(const Shape shape, Shape::Make(leaves.dims()));
  if (spec.dtype == DType::kString) return StringsFromJson(spec, shape, leaves.leaves());
  if (spec.dtype == DType::kI64 || spec.dtype == DType::kU64)
    return WideIntegersFromJson(spec, shape, leaves.leaves());
  return NumbersFromJson(spec, shape, leaves.leaves());
}

OrderedJson TensorToJson(const TensorView& tensor) {
  const std::vector<OrderedJson> leaves = Leaves(tensor);
  std::size_t next = 0;
  return Nest(tensor.shape, 0, next, leaves);
}

Result<TensorBuffer> ReadTensorFile(const TensorSpec& spec, const std::string& argument) {
  if (const std::size_t colon = argument.rfind(".npz:"); colon != std::string::npos) {
    return PickArray(spec, argument.substr(0, colon + 4),
                     std::string_view(argument).substr(colon + 5));
  }
  if (argument.ends_with(".npz")) return PickArray(spec, argument, "");
  if (argument.ends_with(".npy")) {
    SLIPWAY_TRY(const MappedFile file, MappedFile::Open(argument));
    Result<TensorBuffer> tensor = DecodeNpy(file.bytes());
    if (!tensor.ok()) return std::move(tensor).status().At(argument);
    return tensor;
  }
  if (argument.ends_with(".json") || argument == "-") {
    SLIPWAY_TRY(const Json json, ReadJsonFile(argument));
    return TensorFromJson(spec, json);
  }
  return ReadRaw(spec, argument);
}

Result<std::vector<TensorBuffer>> ReadInputs(const Signature& signature,
                                             std::span<const std::string> arguments) {
  InputCollector collector(signature);
  for (const std::string& argument : arguments) SLIPWAY_RETURN_IF_ERROR(collector.Add(argument));
  return collector.Finish();
}

Status WriteOutputs(const std::string& path, std::span<const NamedView> outputs) {
  if (path.ends_with(".npz")) return WriteNpz(path, outputs);
  if (path.ends_with(".npy")) {
    if (outputs.size() != 1)
      return InvalidArgument(
                 fmt::format("{} outputs do not fit one .npy file; use .npz", outputs.size()))
          .With(errors::kUsage);
    SLIPWAY_TRY(const std::string content, EncodeNpy(outputs[0].tensor));
    return WriteFileAtomically(path, content);
  }
  if (path.ends_with(".json")) {
    OrderedJson json;
    for (const NamedView& output : outputs)
      json[std::string(output.name)] = TensorToJson(output.tensor);
    return WriteFileAtomically(path, DumpJson(json) + "\n");
  }
  return InvalidArgument(
             fmt::format("-o {}: the ending says the format: .npz, .npy or .json", path))
      .With(errors::kUsage);
}

Result<LabelledSet> ReadLabelledSet(const Signature& signature, const std::string& path) {
  SLIPWAY_TRY(std::vector<NamedTensor> arrays, ReadNpz(path));
  std::string names;
  for (const NamedTensor& array : arrays)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", array.name);
  const auto take = [&](std::span<const std::string> wanted) -> std::optional<TensorBuffer> {
    for (const std::string& name : wanted) {
      const auto found = std::ranges::find_if(
          arrays, [&](const NamedTensor& array) { return array.name == name; });
      if (found != arrays.end()) return std::move(found->tensor);
    }
    return std::nullopt;
  };
  LabelledSet set;
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorSpec& spec = signature.inputs[i];
    std::vector<std::string> wanted = {spec.name, fmt::format("in_{}", i)};
    if (signature.inputs.size() == 1)
      wanted.insert(wanted.end(), {"x", "input", "image", "images"});
    std::optional<TensorBuffer> tensor = take(wanted);
    if (!tensor)
      return NotFound(fmt::format("{} has no array for input \"{}\"; it has: {}", path, spec.name,
                                  names))
          .Hint(fmt::format("name an array \"{}\" or \"in_{}\"", spec.name, i));
    SLIPWAY_TRY(TensorBuffer fitted, Fit(spec, std::move(*tensor)));
    set.inputs.push_back(std::move(fitted));
  }
  const std::vector<std::string> label_names = {"label", "labels", "y", "y_true"};
  std::optional<TensorBuffer> labels = take(label_names);
  if (!labels)
    return NotFound(fmt::format("{} has no labels; it has: {}", path, names))
        .Hint("name an array \"label\"");
  set.labels = std::move(*labels);
  set.rows = set.inputs.empty() || set.inputs[0].shape().rank() == 0 ? 0 : set.inputs[0].shape()[0];
  if (set.labels.shape().rank() == 0 || set.labels.shape()[0] != set.rows) {
    return InvalidArgument(fmt::format("{}: {} rows of input, but labels of shape {}", path,
                                       set.rows, set.labels.shape().ToString()));
  }
  return set;
}

std::vector<TensorView> RowsOf(std::span<const TensorBuffer> tensors, std::int64_t begin,
                               std::int64_t end) {
  std::vector<TensorView> views;
  for (const TensorBuffer& tensor : tensors) {
    Shape shape = tensor.shape();
    const std::size_t row_bytes =
        shape[0] > 0 ? tensor.bytes().size() / static_cast<std::size_t>(shape[0]) : 0;
    shape.SetDim(0, end - begin);
    views.push_back({tensor.dtype(), shape,
                     tensor.bytes().subspan(static_cast<std::size_t>(begin) * row_bytes,
                                            static_cast<std::size_t>(end - begin) * row_bytes)});
  }
  return views;
}

}  // namespace slipway::cli
