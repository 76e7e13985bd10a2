#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::importer {

/// The numbers under which slipway-import finds its descriptors, and its arguments in order: the
/// source's name, the location that tensors in the weights file carry, the opset wanted (0: the
/// importer's choice).
inline constexpr int kSourceDescriptor = 3;   ///< read-only
inline constexpr int kWeightsDescriptor = 4;  ///< append
inline constexpr int kResultDescriptor = 5;   ///< a pipe

/// What an importer found besides the graph: import::Report as it travels.
struct FoundFacts {
  std::string format;
  std::string framework;
  std::string model_name;
  std::uint64_t parameters = 0;
  std::uint64_t layers = 0;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
};

struct Answer {
  FoundFacts facts;
  Signature signature;
  std::string_view structure;  ///< a serialised ONNX model; borrows the transcript's bytes
};

/// Everything an importer said. Its text is bounded and free of control characters, its numbers are
/// in range, its signature has servable types and shapes; whether any of it is true the parent must
/// find out.
struct Transcript {
  std::vector<std::string> stages;  ///< one word each, the last is where it was when it ended
  std::optional<Status> failure;    ///< why it refused the file
  std::optional<Answer> answer;     ///< at most one of both
};

std::string EncodeStage(std::string_view stage);
std::string EncodeFailure(const Status& status);
/// All but the structure's bytes, which must follow: `answer.structure.size()` of them.
std::string EncodeAnswer(const Answer& answer);

/// Reads what an importer wrote, which may be anything. DataLoss: not a transcript. A transcript
/// that ends early, as after a crash, is one: without failure and answer.
Result<Transcript> DecodeTranscript(std::string_view bytes);

}  // namespace slipway::importer
