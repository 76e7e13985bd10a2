#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "package/json_fields.h"
#include "package/manifest.h"

namespace slipway::package {

namespace {

constexpr std::size_t kMaxTensors = 1000;

OrderedJson SpecToJson(const TensorSpec& spec) {
  OrderedJson json = {{"name", spec.name}, {"type", std::string(ShortName(spec.dtype))}};
  json["shape"] = OrderedJson::array();
  for (const std::int64_t dim : spec.shape.dims()) json["shape"].push_back(dim);
  if (!spec.axis_names.empty()) json["axes"] = spec.axis_names;
  return json;
}

Result<Shape> ShapeFromJson(const Json& json, std::string_view path) {
  if (!json.is_array() || json.size() > Shape::kMaxRank) {
    return InvalidField(path,
                        fmt::format("expected an array of at most {} dimensions", Shape::kMaxRank));
  }
  std::vector<std::int64_t> dims;
  for (const Json& dim : json) {
    if (!dim.is_number_integer() || dim < -1 || dim > std::int64_t{1} << 40) {
      return InvalidField(path, "a dimension is a whole number, or -1 for any size");
    }
    dims.push_back(dim.get<std::int64_t>());
  }
  return Shape::Make(dims);
}

Result<TensorSpec> SpecFromJson(const Json& json, const std::string& path) {
  SLIPWAY_TRY(const JsonFields fields,
              JsonFields::Of(json, path, {"name", "type", "shape", "axes"}));
  TensorSpec spec;
  SLIPWAY_TRY(spec.name, fields.String("name"));
  if (spec.name.empty()) return InvalidField(fields.PathOf("name"), "a tensor needs a name");
  SLIPWAY_TRY(const std::string type, fields.String("type"));
  const auto dtype = DTypeFromShortName(type);
  if (!dtype || !IsServable(*dtype)) {
    return InvalidField(
        fields.PathOf("type"),
        fmt::format("\"{}\" is no type that a request can carry", Printable(type, 64)));
  }
  spec.dtype = *dtype;
  SLIPWAY_TRY(const Json* shape, fields.Required("shape"));
  SLIPWAY_TRY(spec.shape, ShapeFromJson(*shape, fields.PathOf("shape")));
  SLIPWAY_TRY(spec.axis_names, fields.OptionalStrings("axes"));
  if (!spec.axis_names.empty() && spec.axis_names.size() != spec.shape.rank()) {
    return InvalidField(
        fields.PathOf("axes"),
        fmt::format("{} names for {} dimensions", spec.axis_names.size(), spec.shape.rank()));
  }
  return spec;
}

Result<std::vector<TensorSpec>> SpecsFromJson(const Json& json, const std::string& path) {
  if (!json.is_array()) return InvalidField(path, "expected an array of tensors");
  if (json.size() > kMaxTensors) {
    return InvalidField(
        path, fmt::format("{} tensors, at most {} are supported", json.size(), kMaxTensors));
  }
  std::vector<TensorSpec> specs;
  std::set<std::string> names;
  for (const Json& element : json) {
    const std::string place = fmt::format("{}[{}]", path, specs.size());
    SLIPWAY_TRY(TensorSpec spec, SpecFromJson(element, place));
    if (!names.insert(spec.name).second) {
      return InvalidField(place,
                          fmt::format("the name \"{}\" stands twice", Printable(spec.name, 64)));
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

OrderedJson SignatureToJson(const Signature& signature) {
  OrderedJson json = {{"inputs", OrderedJson::array()}, {"outputs", OrderedJson::array()}};
  for (const TensorSpec& spec : signature.inputs) json["inputs"].push_back(SpecToJson(spec));
  for (const TensorSpec& spec : signature.outputs) json["outputs"].push_back(SpecToJson(spec));
  return json;
}

Result<Signature> SignatureFromJson(const Json& json) {
  SLIPWAY_TRY(const JsonFields fields, JsonFields::Of(json, "signature", {"inputs", "outputs"}));
  SLIPWAY_TRY(const Json* inputs, fields.Required("inputs"));
  SLIPWAY_TRY(const Json* outputs, fields.Required("outputs"));
  Signature signature;
  SLIPWAY_TRY(signature.inputs, SpecsFromJson(*inputs, "signature.inputs"));
  SLIPWAY_TRY(signature.outputs, SpecsFromJson(*outputs, "signature.outputs"));
  if (signature.inputs.size() + signature.outputs.size() > kMaxTensors) {
    return InvalidField("signature", fmt::format("more than {} tensors", kMaxTensors));
  }
  if (signature.outputs.empty())
    return InvalidField("signature.outputs", "a model needs an output");
  return signature;
}

}  // namespace slipway::package
