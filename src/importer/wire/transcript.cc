#include "importer/wire/transcript.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::importer {

namespace {

/// A frame: its kind, the length of its body in eight little-endian bytes, the body.
enum class Frame : char { kStage = 's', kFailure = 'f', kFacts = 'a', kStructure = 'g' };
constexpr std::size_t kHeadBytes = 9;

constexpr std::size_t kMaxStages = 64;
constexpr std::size_t kMaxJsonBytes = 4 << 20;
constexpr std::size_t kMaxLines = 1000;    // warnings, notes
constexpr std::size_t kMaxTensors = 1000;  // inputs, outputs
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxLineBytes = 16 << 10;

std::string Head(Frame kind, std::uint64_t length) {
  std::string head(1, static_cast<char>(kind));
  for (int shift = 0; shift < 64; shift += 8) head.push_back(static_cast<char>(length >> shift));
  return head;
}

std::string Framed(Frame kind, std::string_view body) {
  return Head(kind, body.size()).append(body);
}

Status Broken(std::string_view what) {
  return DataLoss(fmt::format("the importer's answer is broken: {}", what));
}

OrderedJson ToJson(const std::vector<TensorSpec>& specs) {
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

/// Printable text in lines: a list of what cannot be imported has one line each.
std::string PrintableLines(std::string_view text, std::size_t max_bytes) {
  std::string result;
  for (const std::string_view line : Split(text.substr(0, max_bytes), '\n')) {
    if (!result.empty()) result.push_back('\n');
    result += Printable(line, max_bytes);
  }
  return result;
}

/// Takes fields out of a JSON object; the first that is missing or wrong is remembered, and
/// everything after it is empty.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string Text(const char* key, std::size_t max_bytes) {
    const Json* field = Find(key, &Json::is_string);
    return field == nullptr ? std::string()
                            : PrintableLines(field->get_ref<const std::string&>(), max_bytes);
  }

  /// As it stands: a tensor's name must equal the graph's.
  std::string Name(const char* key) {
    const Json* field = Find(key, &Json::is_string);
    if (field == nullptr) return {};
    const auto& name = field->get_ref<const std::string&>();
    if (name.empty() || name.size() > kMaxNameBytes) wrong_ = key;
    return name;
  }

  std::uint64_t Number(const char* key) {
    const Json* field = Find(key, &Json::is_number_unsigned);
    return field == nullptr ? 0 : field->get<std::uint64_t>();
  }

  std::vector<std::string> Lines(const char* key, std::size_t max_lines) {
    std::vector<std::string> lines;
    for (const Json& line : List(key, max_lines)) {
      if (!line.is_string()) return wrong_ = key, lines;
      lines.push_back(Printable(line.get_ref<const std::string&>(), kMaxLineBytes));
    }
    return lines;
  }

  std::vector<std::int64_t> Dims(const char* key) {
    std::vector<std::int64_t> dims;
    for (const Json& dim : List(key, Shape::kMaxRank)) {
      if (!dim.is_number_integer() || dim.get<std::int64_t>() < -1) return wrong_ = key, dims;
      dims.push_back(dim.get<std::int64_t>());
    }
    return dims;
  }

  const Json& List(const char* key, std::size_t max_entries) {
    static const Json kNone = Json::array();
    const Json* field = Find(key, &Json::is_array);
    if (field == nullptr) return kNone;
    if (field->size() > max_entries) return wrong_ = key, kNone;
    return *field;
  }

  Status status() const {
    return wrong_.empty() ? Status() : Broken(fmt::format("field {}", wrong_));
  }

 private:
  const Json* Find(const char* key, bool (Json::*is_kind)() const noexcept) {
    if (json_.is_object()) {
      const auto found = json_.find(key);
      if (found != json_.end() && ((*found).*is_kind)()) return &*found;
    }
    wrong_ = key;
    return nullptr;
  }

  const Json& json_;
  std::string wrong_;
};

Result<TensorSpec> DecodeSpec(const Json& json) {
  Fields fields(json);
  TensorSpec spec{.name = fields.Name("name"),
                  .dtype = static_cast<DType>(std::min<std::uint64_t>(fields.Number("dtype"), 255)),
                  .axis_names = fields.Lines("axes", Shape::kMaxRank)};
  SLIPWAY_TRY(spec.shape, Shape::Make(fields.Dims("shape")));
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  if (!IsServable(spec.dtype)) return Broken("a tensor of a type that cannot be served");
  if (!spec.axis_names.empty() && spec.axis_names.size() != spec.shape.rank())
    return Broken("axis names");
  return spec;
}

Result<std::vector<TensorSpec>> DecodeSpecs(const Json& list) {
  std::vector<TensorSpec> specs;
  for (const Json& json : list) {
    SLIPWAY_TRY(TensorSpec spec, DecodeSpec(json));
    const auto same_name = [&](const TensorSpec& other) { return other.name == spec.name; };
    if (std::ranges::any_of(specs, same_name)) return Broken("two tensors of one name");
    specs.push_back(std::move(spec));
  }
  return specs;
}

Result<Answer> DecodeFacts(std::string_view body) {
  SLIPWAY_TRY(const Json json, ParseJson(body, {.max_depth = 8, .max_bytes = kMaxJsonBytes}));
  Fields fields(json);
  Answer answer{.facts = {.format = fields.Text("format", 64),
                          .framework = fields.Text("framework", 128),
                          .model_name = fields.Text("model_name", kMaxNameBytes),
                          .parameters = fields.Number("parameters"),
                          .layers = fields.Number("layers"),
                          .warnings = fields.Lines("warnings", kMaxLines),
                          .notes = fields.Lines("notes", kMaxLines)}};
  SLIPWAY_TRY(answer.signature.inputs, DecodeSpecs(fields.List("inputs", kMaxTensors)));
  SLIPWAY_TRY(answer.signature.outputs, DecodeSpecs(fields.List("outputs", kMaxTensors)));
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  return answer;
}

Result<std::optional<Status>> DecodeFailure(std::string_view body) {
  SLIPWAY_TRY(const Json json, ParseJson(body, {.max_depth = 2, .max_bytes = kMaxJsonBytes}));
  Fields fields(json);
  const std::uint64_t code = fields.Number("code");
  const std::uint64_t number = fields.Number("number");
  std::string message = fields.Text("message", kMaxLineBytes);
  const std::string place = fields.Text("place", kMaxNameBytes);
  std::string hint = fields.Text("hint", kMaxLineBytes);
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  if (code < 1 || code > 16 || number > 9999) return Broken("an error's code");
  const auto known = static_cast<ErrorNumber>(number);
  if (number != 0 && FindError(known) == nullptr) return Broken("an error's number");
  return std::optional(Status(static_cast<Code>(code), std::move(message))
                           .With(known)
                           .At(place)
                           .Hint(std::move(hint)));
}

/// The frames of a transcript one by one, until the bytes end, in the middle of one or not.
class FrameReader {
 public:
  explicit FrameReader(std::string_view bytes) : rest_(bytes) {}

  struct Next {
    Frame kind;
    std::string_view body;
  };
  std::optional<Next> Take() {
    if (rest_.size() < kHeadBytes) return std::nullopt;
    std::uint64_t length = 0;
    std::memcpy(&length, rest_.data() + 1, sizeof length);
    if (length > rest_.size() - kHeadBytes) return std::nullopt;
    const Next next{static_cast<Frame>(rest_[0]), rest_.substr(kHeadBytes, length)};
    rest_.remove_prefix(kHeadBytes + length);
    return next;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string EncodeStage(std::string_view stage) { return Framed(Frame::kStage, stage); }

std::string EncodeFailure(const Status& status) {
  OrderedJson json;
  json["code"] = static_cast<unsigned>(status.code());
  json["number"] = static_cast<unsigned>(status.number());
  json["message"] = status.message();
  json["place"] = status.place();
  json["hint"] = status.hint();
  return Framed(Frame::kFailure, DumpJson(json));
}

std::string EncodeAnswer(const Answer& answer) {
  OrderedJson json;
  json["format"] = answer.facts.format;
  json["framework"] = answer.facts.framework;
  json["model_name"] = answer.facts.model_name;
  json["parameters"] = answer.facts.parameters;
  json["layers"] = answer.facts.layers;
  json["warnings"] = answer.facts.warnings;
  json["notes"] = answer.facts.notes;
  json["inputs"] = ToJson(answer.signature.inputs);
  json["outputs"] = ToJson(answer.signature.outputs);
  return Framed(Frame::kFacts, DumpJson(json)) + Head(Frame::kStructure, answer.structure.size());
}

Result<Transcript> DecodeTranscript(std::string_view bytes) {
  Transcript transcript;
  std::optional<Answer> facts;
  FrameReader reader(bytes);
  while (const auto frame = reader.Take()) {
    if (transcript.failure || transcript.answer) return Broken("words after the last");
    switch (frame->kind) {
      case Frame::kStage:
        if (transcript.stages.size() == kMaxStages) return Broken("too many stages");
        transcript.stages.push_back(Printable(frame->body, 64));
        break;
      case Frame::kFailure: {
        SLIPWAY_TRY(transcript.failure, DecodeFailure(frame->body));
        break;
      }
      case Frame::kFacts: {
        SLIPWAY_TRY(facts, DecodeFacts(frame->body));
        break;
      }
      case Frame::kStructure:
        if (!facts) return Broken("a structure without facts");
        facts->structure = frame->body;
        transcript.answer = std::move(facts);
        break;
      default:
        return Broken("an unknown word");
    }
  }
  return transcript;
}

}  // namespace slipway::importer
