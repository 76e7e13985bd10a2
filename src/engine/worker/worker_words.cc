#include "engine/worker/worker_words.h"

#include <utility>

#include "base/json.h"
#include "sandbox/wire/spoken.h"

namespace slipway::engine {

namespace {

// In front of the files.
enum Place : std::uint8_t { kNumbers, kTitle, kLibrary, kPath, kFolder, kFiles };

}  // namespace

std::vector<std::string> EncodeTask(const WorkerTask& task) {
  const OrderedJson numbers = {{"kind", static_cast<unsigned>(task.kind)},
                               {"threads", task.options.intra_op_threads},
                               {"optimize", static_cast<unsigned>(task.options.optimize)},
                               {"arena", static_cast<unsigned>(task.options.memory_arena)},
                               {"slots", task.memory.slots},
                               {"region_bytes", task.memory.region_bytes}};
  std::vector<std::string> arguments = {DumpJson(numbers), task.options.title, task.library,
                                        task.path, task.folder};
  arguments.insert(arguments.end(), task.files.begin(), task.files.end());
  return arguments;
}

Result<WorkerTask> DecodeTask(std::span<const char* const> arguments) {
  if (arguments.size() < kFiles) return InvalidArgument("too few arguments");
  SLIPWAY_TRY(const Json json, ParseJson(arguments[kNumbers], {.max_depth = 2}));
  sandbox::SpokenFields numbers(json);
  WorkerTask task{.kind = static_cast<WorkerTask::Kind>(numbers.Number("kind")),
                  .library = arguments[kLibrary],
                  .path = arguments[kPath],
                  .folder = arguments[kFolder],
                  .files = {arguments.begin() + kFiles, arguments.end()},
                  .options = {.intra_op_threads = static_cast<unsigned>(numbers.Number("threads")),
                              .optimize = numbers.Number("optimize") != 0,
                              .memory_arena = numbers.Number("arena") != 0,
                              .title = arguments[kTitle]},
                  .memory = {.slots = static_cast<std::uint32_t>(numbers.Number("slots")),
                             .region_bytes = numbers.Number("region_bytes")}};
  if (!numbers.status().ok()) return InvalidArgument(numbers.status().message());
  return task;
}

std::string EncodeReady(const WorkerReady& ready) {
  return DumpJson(OrderedJson{{"inputs", sandbox::SpeakTensors(ready.signature.inputs)},
                              {"outputs", sandbox::SpeakTensors(ready.signature.outputs)},
                              {"landlock", static_cast<unsigned>(ready.landlock)}});
}

std::string EncodeLoadFailure(const Status& failure) {
  return DumpJson(OrderedJson{{"failure", sandbox::SpeakStatus(failure)}});
}

Result<WorkerReady> DecodeReady(std::string_view text) {
  const Result<Json> json = ParseJson(text, {.max_depth = 8, .max_bytes = kMaxWorkerAnswer});
  if (!json.ok()) return sandbox::BrokenSpeech("no answer");
  if (json->is_object() && json->contains("failure")) {
    Status failure;
    SLIPWAY_RETURN_IF_ERROR(sandbox::HearStatus((*json)["failure"], failure));
    return failure;
  }
  sandbox::SpokenFields fields(*json);
  WorkerReady ready{.landlock = fields.Number("landlock") != 0};
  SLIPWAY_TRY(ready.signature.inputs,
              sandbox::HearTensors(fields.List("inputs", sandbox::kMaxSpokenTensors)));
  SLIPWAY_TRY(ready.signature.outputs,
              sandbox::HearTensors(fields.List("outputs", sandbox::kMaxSpokenTensors)));
  SLIPWAY_RETURN_IF_ERROR(fields.status());
  return ready;
}

}  // namespace slipway::engine
