#include "serve/remote/oip_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/remote/received_tensor.h"

namespace slipway::serve {

namespace {

/// The member of an object, nullptr when there is none.
const Json* Member(const Json& json, std::string_view key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string TextOf(const Json& json, std::string_view key) {
  const Json* member = Member(json, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

Result<Shape> ShapeOf(const Json& json) {
  const Json* dims = Member(json, "shape");
  if (dims == nullptr || !dims->is_array()) return NotOip("a tensor has no shape");
  std::vector<std::int64_t> sizes;
  for (const Json& dim : *dims) {
    if (!dim.is_number_integer()) return NotOip("a shape is not a list of whole numbers");
    sizes.push_back(std::max<std::int64_t>(-1, dim.get<std::int64_t>()));
  }
  return Shape::Make(sizes);
}

Result<TensorSpec> ParseSpec(const Json& json) {
  TensorSpec spec{.name = TextOf(json, "name")};
  if (spec.name.empty()) return NotOip("a tensor has no name");
  const std::string datatype = TextOf(json, "datatype");
  const auto dtype = DTypeFromOip(datatype);
  if (!dtype) return NotOip(fmt::format("unknown datatype \"{}\"", Printable(datatype, 64)));
  spec.dtype = *dtype;
  SLIPWAY_TRY(spec.shape, ShapeOf(json));
  return spec;
}

Result<std::vector<TensorSpec>> ParseSpecs(const Json& json, std::string_view key) {
  const Json* list = Member(json, key);
  if (list == nullptr || !list->is_array()) return NotOip(fmt::format("no \"{}\"", key));
  std::vector<TensorSpec> specs;
  for (const Json& element : *list) {
    SLIPWAY_TRY(TensorSpec spec, ParseSpec(element));
    specs.push_back(std::move(spec));
  }
  return specs;
}

/// Bytes that an output has behind the JSON; nullopt when its values stand in the JSON.
std::optional<std::uint64_t> BinarySize(const Json& output) {
  const Json* parameters = Member(output, "parameters");
  const Json* size = parameters == nullptr ? nullptr : Member(*parameters, "binary_data_size");
  if (size == nullptr || !size->is_number_unsigned()) return std::nullopt;
  return size->get<std::uint64_t>();
}

Result<TensorBuffer> TensorOf(const Json& output, std::string_view bytes) {
  SLIPWAY_TRY(const TensorSpec given, ParseSpec(output));
  return ReceivedTensor(given, bytes);
}

struct StatusRow {
  int http;
  Code code;
  ErrorNumber number;
};

/// What a server's status means to the one who sent the request.
constexpr std::array kStatusRows = {
    StatusRow{400, Code::kInvalidArgument, ErrorNumber::kNone},
    StatusRow{401, Code::kUnauthenticated, errors::kKeyMissing},
    StatusRow{403, Code::kPermissionDenied, errors::kRoleMissing},
    StatusRow{404, Code::kNotFound, ErrorNumber::kNone},
    StatusRow{409, Code::kAborted, ErrorNumber::kNone},
    StatusRow{413, Code::kInvalidArgument, errors::kBodyTooLarge},
    StatusRow{415, Code::kInvalidArgument, errors::kUnsupportedMediaType},
    StatusRow{422, Code::kDataLoss, ErrorNumber::kNone},
    StatusRow{429, Code::kResourceExhausted, ErrorNumber::kNone},
    StatusRow{501, Code::kUnimplemented, ErrorNumber::kNone},
    StatusRow{503, Code::kUnavailable, ErrorNumber::kNone},
    StatusRow{504, Code::kDeadlineExceeded, ErrorNumber::kNone},
    StatusRow{507, Code::kResourceExhausted, errors::kMemoryBudget},  // only a load has that answer
};

}  // namespace

Result<Signature> ParseModelMetadata(std::string_view body) {
  const Result<Json> json = ParseJson(body);
  if (!json.ok()) return NotOip("it is not JSON");
  Signature signature;
  SLIPWAY_TRY(signature.inputs, ParseSpecs(*json, "inputs"));
  SLIPWAY_TRY(signature.outputs, ParseSpecs(*json, "outputs"));
  if (signature.outputs.empty()) return NotOip("the model has no outputs");
  return signature;
}

InferBody EncodeInfer(std::span<const InferInput> inputs,
                      std::span<const std::string_view> wanted) {
  InferBody body;
  OrderedJson json;
  json["inputs"] = OrderedJson::array();
  for (const auto& [name, tensor] : inputs) {
    OrderedJson input;
    input["name"] = name;
    input["shape"] = std::vector(tensor.shape.dims().begin(), tensor.shape.dims().end());
    input["datatype"] = OipName(tensor.dtype);
    input["parameters"]["binary_data_size"] = tensor.bytes.size();
    json["inputs"].push_back(std::move(input));
    body.tensors.emplace_back(reinterpret_cast<const char*>(tensor.bytes.data()),
                              tensor.bytes.size());
  }
  for (const std::string_view name : wanted) {
    OrderedJson output;
    output["name"] = name;
    output["parameters"]["binary_data"] = true;
    json["outputs"].push_back(std::move(output));
  }
  if (wanted.empty()) json["parameters"]["binary_data_output"] = true;
  body.json = DumpJson(json);
  return body;
}

Result<std::vector<TensorBuffer>> DecodeInfer(std::string_view body, std::size_t json_bytes,
                                              std::span<const std::string_view> wanted) {
  if (json_bytes > body.size()) return NotOip("it ends within its JSON");
  const Result<Json> json = ParseJson(body.substr(0, json_bytes));
  if (!json.ok()) return NotOip("it does not begin with JSON");
  const Json* outputs = Member(*json, "outputs");
  if (outputs == nullptr || !outputs->is_array()) return NotOip("no \"outputs\"");
  std::string_view rest = body.substr(json_bytes);
  std::vector<std::optional<TensorBuffer>> found(wanted.size());
  for (const Json& output : *outputs) {
    const auto size = BinarySize(output);
    const auto place = std::ranges::find(wanted, std::string_view(TextOf(output, "name")));
    if (place != wanted.end() && !size)
      return NotOip("the server does not send tensors in binary form");
    if (size.value_or(0) > rest.size()) return NotOip("it ends within a tensor");
    const std::string_view bytes = rest.substr(0, size.value_or(0));
    rest.remove_prefix(bytes.size());
    if (place == wanted.end()) continue;
    SLIPWAY_TRY(found[static_cast<std::size_t>(place - wanted.begin())], TensorOf(output, bytes));
  }
  std::vector<TensorBuffer> tensors;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!found[i]) return NotOip(fmt::format("output \"{}\" is absent", wanted[i]));
    tensors.push_back(*std::move(found[i]));
  }
  return tensors;
}

std::size_t JsonBytesOf(const net::HttpAnswer& answer) {
  const std::string* header = answer.Find(kJsonBytesHeader);
  if (header == nullptr) return answer.body.size();
  return ParseUint64(*header).value_or(answer.body.size());
}

Status StatusOfAnswer(const net::HttpAnswer& answer) {
  constexpr std::size_t kMaxShown = 2000;
  if (answer.status == 200) return {};
  const Result<Json> json = ParseJson(answer.body);
  std::string message = json.ok() ? TextOf(*json, "error") : std::string();
  if (message.empty()) message = fmt::format("the server answered with status {}", answer.status);
  const auto row = std::ranges::find(kStatusRows, answer.status, &StatusRow::http);
  message = Printable(message, kMaxShown);
  if (row == kStatusRows.end()) return Internal(std::move(message));
  // What an administrator gets names the error (application/problem+json).
  const auto named = json.ok() ? ParseErrorName(TextOf(*json, "code")) : std::nullopt;
  return Status(row->code, std::move(message)).With(named.value_or(row->number));
}

}  // namespace slipway::serve
