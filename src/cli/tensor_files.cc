#include "cli/tensor_files.h"

#include <fmt/format.h>

#include <optional>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/tensor_fit.h"
#include "cli/tensor_json.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kMaxTensorFile = std::size_t{4} << 30;

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
      return InputError(
          spec,
          "raw bytes do not say which shape they have: more than one dimension is free; use .npy");
    } else {
      free_axis = axis;
    }
  }
  if (fixed == 0)
    return InputError(spec, "this type or shape cannot be read from raw bytes; use .npy or JSON");
  if (free_axis) shape.SetDim(*free_axis, static_cast<std::int64_t>(content.size() / fixed));
  if (ByteSize(spec.dtype, shape) != content.size()) {
    return InputError(spec, fmt::format("{} has {} bytes, which do not fill {}", path,
                                        content.size(), ToString(spec)))
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

}  // namespace slipway::cli
