#include "serve/http/infer_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "serve/http/infer_parameters.h"
#include "serve/http/json_reader.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kShownBytes = 64;

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Status DataMismatch(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kTensorDataMismatch);
}

/// One input as its object is read.
struct InputFields {
  std::string_view name;
  std::optional<Shape> shape;
  std::optional<DType> dtype;
  std::optional<std::uint64_t> binary_size;
  std::optional<SharedPlace> place;
  std::optional<JsonReader> unread;     ///< stands before `data` that came before shape and type
  const TensorBuilder* data = nullptr;  ///< `data`, read
  bool has_data = false;
};

class Decoder {
 public:
  Decoder(std::span<const std::byte> json, std::span<const std::byte> binary,
          const Signature& signature, V2Request& request)
      : reader_(TextOf(json), request.strings),
        binary_(binary),
        signature_(signature),
        request_(request) {}

  Status Decode() {
    request_.inputs.reserve(signature_.inputs.size());
    request_.from_json.reserve(signature_.inputs.size());  // views of its elements are taken
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterObject());
    bool has_inputs = false;
    while (true) {
      SLIPWAY_TRY(const std::optional<std::string_view> key, reader_.NextKey());
      if (!key.has_value()) break;
      has_inputs = has_inputs || *key == "inputs";
      SLIPWAY_RETURN_IF_ERROR(ReadField(*key));
    }
    SLIPWAY_RETURN_IF_ERROR(reader_.Finish());
    if (!has_inputs) return reader_.Invalid("the request has no \"inputs\"");
    if (!binary_.empty()) {
      return DataMismatch(fmt::format(
          "{} bytes are left over: unexpected additional input data for model", binary_.size()));
    }
    for (OutputWish& wish : request_.outputs)
      wish.is_binary =
          !wish.place && (wish.is_binary || (request_.is_binary_by_default && !Said(wish)));
    return {};
  }

 private:
  // The status, with the place that is being read.
  Status Here(Status status) const {
    return status.ok() ? std::move(status) : std::move(status).At(reader_.Pointer());
  }

  // Whether the output said itself how it wants to come.
  bool Said(const OutputWish& wish) const {
    return std::ranges::find(said_form_, wish.name) != said_form_.end();
  }

  Status ReadField(std::string_view key) {
    if (key == "inputs") return ReadInputs();
    if (key == "outputs") return ReadOutputs();
    if (key == "id") return ReadId();
    if (key == "parameters") return ReadRequestParameters(reader_, request_);
    return reader_.Skip();
  }

  Status ReadId() {
    SLIPWAY_TRY(const std::string_view id, reader_.ReadString());
    SLIPWAY_RETURN_IF_ERROR(Here(CheckRequestId(id)));
    request_.id = std::string(id);
    return {};
  }

  Status ReadInputs() {
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterArray());
    while (true) {
      SLIPWAY_TRY(const bool has_input, reader_.NextElement());
      if (!has_input) return {};
      if (request_.inputs.size() == signature_.inputs.size()) {
        return reader_.Invalid(
            fmt::format("more inputs than the {} of the model", signature_.inputs.size()));
      }
      SLIPWAY_RETURN_IF_ERROR(ReadInput());
    }
  }

  Status ReadInput() {
    InputFields fields;
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterObject());
    while (true) {
      SLIPWAY_TRY(const std::optional<std::string_view> key, reader_.NextKey());
      if (!key.has_value()) break;
      SLIPWAY_RETURN_IF_ERROR(ReadInputField(*key, fields));
    }
    SLIPWAY_RETURN_IF_ERROR(CheckPresence(fields));
    if (fields.unread.has_value()) SLIPWAY_RETURN_IF_ERROR(ReadData(*fields.unread, fields));
    return AddInput(fields);
  }

  Status ReadInputField(std::string_view key, InputFields& fields) {
    if (key == "name") return ReadName(fields.name);
    if (key == "shape") return ReadShape(fields);
    if (key == "datatype") return ReadDatatype(fields);
    if (key == "parameters") return ReadInputParameters(fields);
    if (key != "data") return reader_.Skip();
    fields.has_data = true;
    if (fields.shape.has_value() && fields.dtype.has_value()) return ReadData(reader_, fields);
    fields.unread = reader_;
    return reader_.Skip();
  }

  Status ReadName(std::string_view& name) {
    SLIPWAY_TRY(name, reader_.ReadString());
    return Here(CheckTensorName(name));
  }

  Status ReadShape(InputFields& fields) {
    std::array<std::int64_t, Shape::kMaxRank> dims{};
    std::size_t rank = 0;
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterArray());
    while (true) {
      SLIPWAY_TRY(const bool has_dim, reader_.NextElement());
      if (!has_dim) break;
      if (rank == dims.size())
        return reader_.Invalid(fmt::format("more than {} dimensions", dims.size()));
      SLIPWAY_TRY(dims[rank], reader_.ReadInt64());
      ++rank;
    }
    const Shape shape{std::span(dims).first(rank)};
    SLIPWAY_RETURN_IF_ERROR(Here(CountElements(shape).status()));
    fields.shape = shape;
    return {};
  }

  Status ReadDatatype(InputFields& fields) {
    SLIPWAY_TRY(const std::string_view name, reader_.ReadString());
    const Result<DType> dtype = ServableType(name);
    if (!dtype.ok()) return Here(dtype.status());
    fields.dtype = *dtype;
    return {};
  }

  // One of the three parameters of a tensor in shared memory; false: another key.
  Result<bool> ReadSharedParameter(std::string_view key, std::optional<SharedPlace>& place) {
    if (!IsSharedKey(key)) return false;
    if (!place) place.emplace();
    if (key == kSharedRegionKey) {
      SLIPWAY_TRY(place->region, reader_.ReadString());
    } else if (key == kSharedOffsetKey) {
      SLIPWAY_TRY(place->offset, reader_.ReadUint64());
    } else {
      SLIPWAY_TRY(place->byte_size, reader_.ReadUint64());
    }
    return true;
  }

  Status ReadInputParameters(InputFields& fields) {
    return ReadParameters(reader_, [&](std::string_view key) -> Result<bool> {
      if (key != "binary_data_size") return ReadSharedParameter(key, fields.place);
      SLIPWAY_TRY(fields.binary_size, reader_.ReadUint64());
      return true;
    });
  }

  // The object has been left: the reader's place is the input itself.
  Status CheckPresence(const InputFields& fields) const {
    if (fields.name.empty()) return reader_.Invalid("the input has no \"name\"");
    if (!fields.shape.has_value()) return reader_.Invalid("the input has no \"shape\"");
    if (!fields.dtype.has_value()) return reader_.Invalid("the input has no \"datatype\"");
    const int ways =
        int{fields.has_data} + int{fields.binary_size.has_value()} + int{fields.place.has_value()};
    if (ways == 1) return {};
    return reader_.Invalid(
        fmt::format("the input has {} \"data\", \"binary_data_size\" and \"shared_memory_region\"",
                    ways == 0 ? "none of" : "more than one of"));
  }

  Status ReadData(JsonReader& reader, InputFields& fields) {
    TensorBuilder& builder = request_.from_json.emplace_back(*fields.dtype, TensorJsonRules{});
    const std::uint64_t count = *fields.shape->ElementCount();
    SLIPWAY_RETURN_IF_ERROR(builder.Reserve(count, reader));
    if (reader.Peek() != JsonReader::Kind::kArray) return reader.Unexpected("a list");
    SLIPWAY_RETURN_IF_ERROR(builder.Append(reader));
    const Shape given = builder.row_shape();
    const bool is_flat = given.rank() == 1;
    if (builder.elements() != count || (!is_flat && given != *fields.shape)) {
      return reader
          .Invalid(fmt::format("shape {} has {} elements, \"data\" has {} as {}",
                               fields.shape->ToString(), count, builder.elements(),
                               given.ToString()))
          .With(errors::kTensorDataMismatch);
    }
    fields.data = &builder;
    return {};
  }

  Status AddInput(const InputFields& fields) {
    if (fields.place) {
      request_.shared.push_back({request_.inputs.size(), *fields.place});
      request_.inputs.push_back({fields.name, TensorView{*fields.dtype, *fields.shape, {}}});
      return {};
    }
    if (fields.data != nullptr) {
      request_.inputs.push_back({fields.name, fields.data->View(*fields.shape)});
      return {};
    }
    if (*fields.binary_size > binary_.size()) {
      return reader_
          .Invalid(fmt::format(
              "unexpected size for input \"{}\": {} bytes announced, {} are left in the body",
              Printable(fields.name, kShownBytes), *fields.binary_size, binary_.size()))
          .With(errors::kTensorDataMismatch);
    }
    const TensorView view{*fields.dtype, *fields.shape, binary_.first(*fields.binary_size)};
    binary_ = binary_.subspan(*fields.binary_size);
    SLIPWAY_TRY(const TensorView aligned, Aligned(view, request_.memory));
    request_.inputs.push_back({fields.name, aligned});
    return {};
  }

  Status ReadOutputs() {
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterArray());
    while (true) {
      SLIPWAY_TRY(const bool has_output, reader_.NextElement());
      if (!has_output) return {};
      if (request_.outputs.size() == signature_.outputs.size()) {
        return reader_.Invalid(
            fmt::format("more outputs than the {} of the model", signature_.outputs.size()));
      }
      SLIPWAY_RETURN_IF_ERROR(ReadOutput());
    }
  }

  Status ReadOutput() {
    OutputWish wish;
    std::optional<bool> is_binary;
    SLIPWAY_RETURN_IF_ERROR(reader_.EnterObject());
    while (true) {
      SLIPWAY_TRY(const std::optional<std::string_view> key, reader_.NextKey());
      if (!key.has_value()) break;
      if (*key == "name") {
        SLIPWAY_RETURN_IF_ERROR(ReadName(wish.name));
      } else if (*key == "parameters") {
        SLIPWAY_RETURN_IF_ERROR(ReadOutputParameters(wish, is_binary));
      } else {
        SLIPWAY_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    if (wish.name.empty()) return reader_.Invalid("the output has no \"name\"");
    if (wish.place && wish.classes > 0)
      return reader_.Invalid("an output in shared memory has no \"classification\"");
    wish.is_binary = is_binary.value_or(false);
    if (is_binary.has_value()) said_form_.push_back(wish.name);
    request_.outputs.push_back(wish);
    return {};
  }

  Status ReadOutputParameters(OutputWish& wish, std::optional<bool>& is_binary) {
    return ReadParameters(reader_, [&](std::string_view key) -> Result<bool> {
      if (key == "binary_data") {
        SLIPWAY_TRY(is_binary, reader_.ReadBool());
        return true;
      }
      if (key != "classification") return ReadSharedParameter(key, wish.place);
      SLIPWAY_TRY(const std::int64_t classes, reader_.ReadInt64());
      const Result<std::uint32_t> checked = CheckClasses(classes);
      if (!checked.ok()) return Here(checked.status());
      wish.classes = *checked;
      return true;
    });
  }

  JsonReader reader_;
  std::span<const std::byte> binary_;
  const Signature& signature_;
  V2Request& request_;
  std::vector<std::string_view> said_form_;
};

/// The shape of a raw body: batch 1, and at most one more dimension of any size, which the number
/// of bytes decides.
Result<Shape> ShapeOfRaw(const TensorSpec& spec, std::uint64_t bytes) {
  Shape shape = spec.shape;
  std::optional<std::size_t> open;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] >= 0) continue;
    if (axis == 0 && shape.rank() > 1) {
      shape.SetDim(0, 1);
    } else if (open.has_value()) {
      return InvalidArgument(
                 fmt::format("a raw body needs a model with at most one dimension of any size; "
                             "input \"{}\" has shape {}",
                             spec.name, spec.shape.ToString()))
          .With(errors::kRequestFieldInvalid);
    } else {
      open = axis;
      shape.SetDim(axis, 1);
    }
  }
  const std::optional<std::uint64_t> unit = ByteSize(spec.dtype, shape);
  if (open.has_value() && unit.value_or(0) > 0)
    shape.SetDim(*open, static_cast<std::int64_t>(bytes / *unit));
  return shape;
}

Status DecodeRaw(std::span<const std::byte> body, const Signature& signature, V2Request& request) {
  if (signature.inputs.size() != 1) {
    return InvalidArgument(fmt::format("a raw body needs a model with one input, this one has {}",
                                       signature.inputs.size()))
        .With(errors::kRequestFieldInvalid);
  }
  const TensorSpec& spec = signature.inputs.front();
  request.is_binary_by_default = true;
  if (spec.dtype == DType::kString) {
    const std::array<std::string_view, 1> whole = {TextOf(body)};
    SLIPWAY_TRY(TensorBuffer packed, TensorBuffer::FromStrings({1}, whole));
    request.inputs.push_back({spec.name, request.memory.emplace_back(std::move(packed)).view()});
    return {};
  }
  SLIPWAY_TRY(const Shape shape, ShapeOfRaw(spec, body.size()));
  request.inputs.push_back({spec.name, TensorView{spec.dtype, shape, body}});
  return {};
}

}  // namespace

Status DecodeInferRequest(std::span<const std::byte> body, std::optional<std::uint64_t> json_bytes,
                          const Signature& signature, V2Request& request) {
  if (json_bytes == 0U) return DecodeRaw(body, signature, request);
  const std::uint64_t length = json_bytes.value_or(body.size());
  if (length > body.size()) {
    return InvalidArgument(
               fmt::format("Inference-Header-Content-Length is {}, the body has {} bytes", length,
                           body.size()))
        .With(errors::kRequestFieldInvalid);
  }
  return Decoder(body.first(length), body.subspan(length), signature, request).Decode();
}

Status PlaceShared(const RegionTable* regions, std::uint64_t max_bytes, V2Request& request) {
  SharedInputs inputs(regions, max_bytes);
  for (const SharedInput& shared : request.shared) {
    TensorView& tensor = request.inputs[shared.index].tensor;
    Result<TensorView> read = inputs.Read(shared.place, tensor, request.memory);
    if (!read.ok()) return std::move(read).status().At(fmt::format("/inputs/{}", shared.index));
    tensor = *read;
  }
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    OutputWish& wish = request.outputs[i];
    if (!wish.place) continue;
    Result<SharedRange> range = FindOutputRange(regions, *wish.place);
    if (!range.ok()) return std::move(range).status().At(fmt::format("/outputs/{}", i));
    wish.range = std::move(*range);
  }
  return {};
}

}  // namespace slipway::serve
