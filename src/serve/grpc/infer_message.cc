#include "serve/grpc/infer_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/wire_reader.h"
#include "serve/grpc/infer_parameters.h"
#include "serve/grpc/typed_contents.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::size_t kMaxFields = 65'536;  // of one request; a model has fewer tensors by far
constexpr std::size_t kShownBytes = 64;

/// One of the three parameters of a tensor in shared memory; false: another key.
Result<bool> ReadSharedParameter(std::string_view key, const ParameterValue& value,
                                 std::optional<SharedPlace>& place) {
  if (!IsSharedKey(key)) return false;
  if (!place) place.emplace();
  if (key == kSharedOffsetKey) {
    SLIPWAY_TRY(place->offset, TakeInteger(key, value));
  } else if (key == kSharedSizeKey) {
    SLIPWAY_TRY(place->byte_size, TakeInteger(key, value));
  } else if (value.field.number == 3) {
    SLIPWAY_TRY(place->region, TakeText(value.field));
  } else {
    return FieldInvalid(fmt::format("parameter \"{}\" is a string", key));
  }
  return true;
}

Status AppendDim(std::int64_t dim, std::array<std::int64_t, Shape::kMaxRank>& dims,
                 std::size_t& rank) {
  if (rank == dims.size())
    return FieldInvalid(fmt::format("more than {} dimensions", dims.size())).At("shape");
  dims[rank++] = dim;
  return {};
}

/// An InferInputTensor while it is read.
struct InputFields {
  std::string_view name;
  std::optional<DType> dtype;
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::size_t rank = 0;
  bool has_contents = false;
  std::optional<SharedPlace> place;
};

Status ReadInputField(const WireField& field, InputFields& input) {
  switch (field.number) {
    case 1: {
      SLIPWAY_TRY(input.name, TakeText(field));
      return CheckTensorName(input.name);
    }
    case 2: {
      SLIPWAY_TRY(const std::string_view name, TakeText(field));
      SLIPWAY_TRY(input.dtype, ServableType(name));
      return {};
    }
    case 3: {
      if (field.type == WireType::kVarint)
        return AppendDim(static_cast<std::int64_t>(field.scalar), input.dims, input.rank);
      SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
      PackedVarints dims(field.bytes);
      for (std::uint64_t dim = 0; dims.Next(dim);) {
        SLIPWAY_RETURN_IF_ERROR(AppendDim(static_cast<std::int64_t>(dim), input.dims, input.rank));
      }
      return dims.broken() ? BrokenMessage(WireFault::kCutShort) : Status();
    }
    case 4:
      return ReadParameter(field, [&](std::string_view key, const ParameterValue& value) {
        return ReadSharedParameter(key, value, input.place);
      });
    case 5:
      input.has_contents = true;
      return CheckEncoding(field, WireType::kBytes);
    default:
      return {};
  }
}

class Decoder {
 public:
  Decoder(const Signature& signature, InferMessage& request)
      : signature_(signature), request_(request) {}

  Status Decode(std::span<const std::byte> message) {
    request_.inputs.reserve(signature_.inputs.size());
    SLIPWAY_RETURN_IF_ERROR(
        ForEachField(message, [this](const WireField& field) { return ReadField(field); }));
    return PlaceRaw();
  }

 private:
  Status ReadField(const WireField& field) {
    switch (field.number) {
      case 3: {
        SLIPWAY_TRY(request_.id, TakeText(field));
        return CheckRequestId(request_.id).At("id");
      }
      case 4:
        return ReadRequestParameter(field, request_);
      case 5:
        return ReadInput(field);
      case 6:
        return ReadOutput(field);
      case 7:
        return NoteRaw(field);
      default:
        return {};  // the model was read before; unknown fields are another version's
    }
  }

  Status ReadInput(const WireField& field) {
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
    const std::size_t index = request_.inputs.size();
    if (index == signature_.inputs.size())
      return FieldInvalid(
          fmt::format("more inputs than the {} of the model", signature_.inputs.size()));
    Status status = AddInput(field.bytes);
    return status.ok() ? Status() : std::move(status).At(fmt::format("inputs[{}]", index));
  }

  Status AddInput(std::span<const std::byte> message) {
    InputFields input;
    SLIPWAY_RETURN_IF_ERROR(ForEachField(
        message, [&](const WireField& field) { return ReadInputField(field, input); }));
    if (input.name.empty()) return FieldInvalid("the input has no name");
    if (!input.dtype.has_value()) return FieldInvalid("the input has no datatype");
    const Shape shape{std::span<const std::int64_t>(input.dims).first(input.rank)};
    SLIPWAY_RETURN_IF_ERROR(CountElements(shape).status());
    TensorView tensor{*input.dtype, shape, {}};
    if (input.place) {
      if (input.has_contents) return FieldInvalid("the input has contents, and shared memory");
      request_.shared.push_back({request_.inputs.size(), *input.place});
    } else if (input.has_contents) {
      if (first_typed_.empty()) first_typed_ = input.name;
      SLIPWAY_TRY(tensor, ReadContents(message, *input.dtype, shape, request_.memory));
    }
    request_.inputs.push_back({input.name, tensor});
    return {};
  }

  Status ReadOutput(const WireField& field) {
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
    const std::size_t index = request_.outputs.size();
    if (index == signature_.outputs.size())
      return FieldInvalid(
          fmt::format("more outputs than the {} of the model", signature_.outputs.size()));
    RequestedOutput output;
    Status status = ForEachField(
        field.bytes, [&](const WireField& inner) { return ReadOutputField(inner, output); });
    if (status.ok() && output.name.empty()) status = FieldInvalid("the output has no name");
    if (status.ok() && output.place && output.classes > 0)
      status = FieldInvalid("an output in shared memory has no classification");
    if (!status.ok()) return std::move(status).At(fmt::format("outputs[{}]", index));
    request_.outputs.push_back(output);
    return {};
  }

  static Status ReadOutputField(const WireField& field, RequestedOutput& output) {
    if (field.number == 1) {
      SLIPWAY_TRY(output.name, TakeText(field));
      return CheckTensorName(output.name);
    }
    if (field.number != 2) return {};
    return ReadParameter(
        field, [&](std::string_view key, const ParameterValue& value) -> Result<bool> {
          if (key != "classification") return ReadSharedParameter(key, value, output.place);
          SLIPWAY_TRY(const std::uint64_t classes, TakeInteger(key, value));
          SLIPWAY_TRY(output.classes, CheckClasses(static_cast<std::int64_t>(classes)));
          return true;
        });
  }

  Status NoteRaw(const WireField& field) {
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
    if (raw_.size() == signature_.inputs.size()) return WrongRawCount(raw_.size() + 1);
    raw_.push_back(field.bytes);
    return {};
  }

  Status WrongRawCount(std::size_t count) const {
    const std::size_t wanted = request_.inputs.size() - request_.shared.size();
    return FieldInvalid(fmt::format("raw_input_contents has {} entries{} for {} inputs", count,
                                    count > raw_.size() ? " or more" : "", wanted))
        .With(errors::kTensorDataMismatch)
        .Hint("send one entry for each input that is not in shared memory, in their order");
  }

  Status PlaceRaw() {
    if (raw_.empty()) return {};
    if (!first_typed_.empty()) {
      return FieldInvalid(fmt::format("input \"{}\" has contents, and there is raw_input_contents",
                                      Printable(first_typed_, kShownBytes)))
          .Hint("send all inputs one way or the other");
    }
    if (raw_.size() != request_.inputs.size() - request_.shared.size())
      return WrongRawCount(raw_.size());
    auto raw = raw_.begin();
    for (std::size_t i = 0; i < request_.inputs.size(); ++i) {
      if (IsShared(i)) continue;
      TensorView& tensor = request_.inputs[i].tensor;
      tensor.bytes = *raw++;
      SLIPWAY_TRY(tensor, Aligned(tensor, request_.memory));
    }
    return {};
  }

  bool IsShared(std::size_t input) const {
    return std::ranges::find(request_.shared, input, &SharedInput::index) != request_.shared.end();
  }

  const Signature& signature_;
  InferMessage& request_;
  boost::container::small_vector<std::span<const std::byte>, 4> raw_;
  std::string_view first_typed_;  ///< the first input with `contents`
};

}  // namespace

namespace {

/// The parameter `kEmptyFinal`, if this is it and it is right; DecodeInferMessage() finds what is
/// wrong with parameters.
bool AsksForEmptyFinal(const WireField& entry) {
  if (entry.type != WireType::kBytes) return false;
  bool is_it = false;
  bool value = false;
  WireReader reader(entry.bytes);
  for (WireField field; reader.Next(field);) {
    if (field.number == 1 && field.type == WireType::kBytes) is_it = field.text() == kEmptyFinal;
    if (field.number != 2 || field.type != WireType::kBytes) continue;
    WireReader inner(field.bytes);
    for (WireField choice; inner.Next(choice);)
      value = choice.number == 1 && choice.type == WireType::kVarint && choice.scalar != 0;
  }
  return is_it && value;
}

}  // namespace

Result<InferTarget> ReadTarget(std::span<const std::byte> message) {
  InferTarget target;
  std::size_t fields = 0;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message, [&](const WireField& field) -> Status {
    if (++fields > kMaxFields)
      return FieldInvalid(fmt::format("the request has more than {} fields", kMaxFields));
    if (field.number == 1) {
      SLIPWAY_TRY(target.model, TakeText(field));
    } else if (field.number == 2) {
      SLIPWAY_TRY(target.version, TakeText(field));
    } else if (field.number == 3) {
      SLIPWAY_TRY(target.id, TakeText(field));
    } else if (field.number == 4 && !target.wants_empty_final) {
      target.wants_empty_final = AsksForEmptyFinal(field);
    }
    return {};
  }));
  return target;
}

Status PlaceShared(const RegionTable* regions, std::uint64_t max_bytes, InferMessage& request) {
  SharedInputs inputs(regions, max_bytes);
  for (const SharedInput& shared : request.shared) {
    TensorView& tensor = request.inputs[shared.index].tensor;
    Result<TensorView> read = inputs.Read(shared.place, tensor, request.memory);
    if (!read.ok()) return std::move(read).status().At(fmt::format("inputs[{}]", shared.index));
    tensor = *read;
  }
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    RequestedOutput& output = request.outputs[i];
    if (!output.place) continue;
    Result<SharedRange> range = FindOutputRange(regions, *output.place);
    if (!range.ok()) return std::move(range).status().At(fmt::format("outputs[{}]", i));
    output.range = std::move(*range);
  }
  return {};
}

Status DecodeInferMessage(std::span<const std::byte> message, const Signature& signature,
                          InferMessage& request) {
  return Decoder(signature, request).Decode(message);
}

}  // namespace slipway::serve::grpc
