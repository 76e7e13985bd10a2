#include "sandbox/wire/spoken.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::sandbox {

namespace {

/// Printable text in lines: a list of what cannot be imported has one line each.
std::string PrintableLines(std::string_view text, std::size_t max_bytes) {
  std::string result;
  for (const std::string_view line : Split(text.substr(0, max_bytes), '\n')) {
    if (!result.empty()) result.push_back('\n');
    result += Printable(line, max_bytes);
  }
  return result;
}

Result<TensorSpec> HearTensor(const Json& json) {
  SpokenFields fields(json);
  TensorSpec spec{.name = fields.Name("name"),
                  .dtype = static_cast<DType>(std::min<std::uint64_t>(fields.Number("dtype"), 255)),
                  .axis_names = fields.Lines("axes", Shape::kMaxRank)};
  SLIPWAY_TRY(spec.shape, Shape::Make(fields.Dims("shape")));
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  if (!IsServable(spec.dtype)) return BrokenSpeech("a tensor of a type that cannot be served");
  if (!spec.axis_names.empty() && spec.axis_names.size() != spec.shape.rank())
    return BrokenSpeech("axis names");
  return spec;
}

}  // namespace

OrderedJson SpeakTensors(const std::vector<TensorSpec>& specs) {
  OrderedJson list = OrderedJson::array();
  for (const TensorSpec& spec : specs) {
    OrderedJson json;
    json["name"] = spec.name;
    json["dtype"] = static_cast<unsigned>(spec.dtype);
    json["shape"] = std::vector<std::int64_t>(spec.shape.dims().begin(), spec.shape.dims().end());
    json["axes"] = spec.axis_names;
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson SpeakStatus(const Status& status) {
  OrderedJson json;
  json["code"] = static_cast<unsigned>(status.code());
  json["number"] = static_cast<unsigned>(status.number());
  json["message"] = status.message();
  json["place"] = status.place();
  json["hint"] = status.hint();
  return json;
}

Status BrokenSpeech(std::string_view what) {
  return DataLoss(fmt::format("what the confined process said is broken: {}", what));
}

std::string SpokenFields::Text(const char* key, std::size_t max_bytes) {
  const Json* field = Find(key, &Json::is_string);
  return field == nullptr ? std::string()
                          : PrintableLines(field->get_ref<const std::string&>(), max_bytes);
}

std::string SpokenFields::Name(const char* key) {
  const Json* field = Find(key, &Json::is_string);
  if (field == nullptr) return {};
  const auto& name = field->get_ref<const std::string&>();
  if (name.empty() || name.size() > kMaxSpokenName) wrong_ = key;
  return name;
}

std::uint64_t SpokenFields::Number(const char* key) {
  const Json* field = Find(key, &Json::is_number_unsigned);
  return field == nullptr ? 0 : field->get<std::uint64_t>();
}

std::vector<std::string> SpokenFields::Lines(const char* key, std::size_t max_lines) {
  std::vector<std::string> lines;
  for (const Json& line : List(key, max_lines)) {
    if (!line.is_string()) return wrong_ = key, lines;
    lines.push_back(Printable(line.get_ref<const std::string&>(), kMaxSpokenText));
  }
  return lines;
}

std::vector<std::int64_t> SpokenFields::Dims(const char* key) {
  std::vector<std::int64_t> dims;
  for (const Json& dim : List(key, Shape::kMaxRank)) {
    if (!dim.is_number_integer() || dim.get<std::int64_t>() < -1) return wrong_ = key, dims;
    dims.push_back(dim.get<std::int64_t>());
  }
  return dims;
}

const Json& SpokenFields::List(const char* key, std::size_t max_entries) {
  static const Json kNone = Json::array();
  const Json* field = Find(key, &Json::is_array);
  if (field == nullptr) return kNone;
  if (field->size() > max_entries) return wrong_ = key, kNone;
  return *field;
}

Status SpokenFields::status() const {
  return wrong_.empty() ? Status() : BrokenSpeech(fmt::format("field {}", wrong_));
}

const Json* SpokenFields::Find(const char* key, bool (Json::*is_kind)() const noexcept) {
  if (json_.is_object()) {
    const auto found = json_.find(key);
    if (found != json_.end() && ((*found).*is_kind)()) return &*found;
  }
  wrong_ = key;
  return nullptr;
}

Result<std::vector<TensorSpec>> HearTensors(const Json& list) {
  std::vector<TensorSpec> specs;
  for (const Json& json : list) {
    SLIPWAY_TRY(TensorSpec spec, HearTensor(json));
    const auto same_name = [&](const TensorSpec& other) { return other.name == spec.name; };
    if (std::ranges::any_of(specs, same_name)) return BrokenSpeech("two tensors of one name");
    specs.push_back(std::move(spec));
  }
  return specs;
}

Status HearStatus(const Json& json, Status& heard) {
  SpokenFields fields(json);
  const std::uint64_t code = fields.Number("code");
  const std::uint64_t number = fields.Number("number");
  std::string message = fields.Text("message", kMaxSpokenText);
  const std::string place = fields.Text("place", kMaxSpokenName);
  std::string hint = fields.Text("hint", kMaxSpokenText);
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  if (code < 1 || code > 16 || number > 9999) return BrokenSpeech("an error's code");
  const auto known = static_cast<ErrorNumber>(number);
  if (number != 0 && FindError(known) == nullptr) return BrokenSpeech("an error's number");
  heard = Status(static_cast<Code>(code), std::move(message))
              .With(known)
              .At(place)
              .Hint(std::move(hint));
  return {};
}

}  // namespace slipway::sandbox
