#include "importer/wire/transcript.h"

#include <fmt/format.h>

#include <cstring>

#include "base/json.h"
#include "base/log.h"
#include "sandbox/wire/spoken.h"

namespace slipway::importer {

namespace {

/// A frame: its kind, the length of its body in eight little-endian bytes, the body.
enum class Frame : char { kStage = 's', kFailure = 'f', kFacts = 'a', kStructure = 'g' };
constexpr std::size_t kHeadBytes = 9;

constexpr std::size_t kMaxStages = 64;
constexpr std::size_t kMaxJsonBytes = 4 << 20;
constexpr std::size_t kMaxLines = 1000;  // warnings, notes

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

Result<Answer> DecodeFacts(std::string_view body) {
  SLIPWAY_TRY(const Json json, ParseJson(body, {.max_depth = 8, .max_bytes = kMaxJsonBytes}));
  sandbox::SpokenFields fields(json);
  Answer answer{.facts = {.format = fields.Text("format", 64),
                          .framework = fields.Text("framework", 128),
                          .model_name = fields.Text("model_name", sandbox::kMaxSpokenName),
                          .parameters = fields.Number("parameters"),
                          .layers = fields.Number("layers"),
                          .warnings = fields.Lines("warnings", kMaxLines),
                          .notes = fields.Lines("notes", kMaxLines)}};
  SLIPWAY_TRY(answer.signature.inputs,
              sandbox::HearTensors(fields.List("inputs", sandbox::kMaxSpokenTensors)));
  SLIPWAY_TRY(answer.signature.outputs,
              sandbox::HearTensors(fields.List("outputs", sandbox::kMaxSpokenTensors)));
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  return answer;
}

Result<std::optional<Status>> DecodeFailure(std::string_view body) {
  SLIPWAY_TRY(const Json json, ParseJson(body, {.max_depth = 2, .max_bytes = kMaxJsonBytes}));
  Status failure;
  SLIPWAY_RETURN_IF_ERROR(sandbox::HearStatus(json, failure));
  return std::optional(std::move(failure));
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
  return Framed(Frame::kFailure, DumpJson(sandbox::SpeakStatus(status)));
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
  json["inputs"] = sandbox::SpeakTensors(answer.signature.inputs);
  json["outputs"] = sandbox::SpeakTensors(answer.signature.outputs);
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
