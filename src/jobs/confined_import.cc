#include "jobs/confined_import.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "sandbox/find_program.h"
#include "sandbox/run_confined.h"

namespace slipway::jobs {

namespace {

using sandbox::ConfinedEnd;

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kMaxStructureBytes = std::uint64_t{2} << 30;  // of one ONNX file

std::uint64_t MaxOutputBytes(const SourceFile& source) { return 2 * source.size + 64 * kMebibyte; }

Status LimitStatus(const std::string& message) {
  return ResourceExhausted(message).With(errors::kImportLimit).Hint("slipway help limits");
}

/// Why there is no answer, when the importer did not say so itself.
Status StatusOfEnd(const ConfinedEnd& end, const importer::Transcript& transcript,
                   const SourceFile& source, const ConfinedImportOptions& options) {
  const std::string stage = transcript.stages.empty() ? "starting" : transcript.stages.back();
  if (end.kind == ConfinedEnd::Kind::kTimeLimit || end.signal == SIGXCPU) {
    return LimitStatus(fmt::format("the import took longer than {} s (while {})",
                                   options.time_limit.count(), stage));
  }
  if (end.kind == ConfinedEnd::Kind::kResultTooLarge || end.signal == SIGXFSZ) {
    return LimitStatus(fmt::format("the file unpacks to more than {} (while {})",
                                   HumanBytes(MaxOutputBytes(source)), stage));
  }
  if (!end.errors.empty()) Log(LogLevel::kDebug, "slipway-import: {}", end.errors);
  return DataLoss(fmt::format("the file made the import process fail (while {}): it {}", stage,
                              end.Describe()))
      .With(errors::kImporterDied)
      .Hint("the file is probably damaged; nothing else was harmed");
}

Status AtSource(Status status, const SourceFile& source) {
  const std::string name = Printable(source.name);
  if (status.place().starts_with(name)) return status;
  return std::move(status).At(name);
}

sandbox::ConfinedProgram ProgramFor(const SourceFile& source, int weights_descriptor,
                                    std::string path, const ConfinedImportOptions& options) {
  return {.path = std::move(path),
          .arguments = {source.name, options.weights_location, std::to_string(options.opset)},
          .descriptors = {{source.file.get(), importer::kSourceDescriptor},
                          {weights_descriptor, importer::kWeightsDescriptor}},
          .result_descriptor = importer::kResultDescriptor,
          .max_result_bytes = std::min(MaxOutputBytes(source), kMaxStructureBytes),
          .max_memory_bytes = 4 * source.size + 512 * kMebibyte,
          .max_file_bytes = MaxOutputBytes(source),
          .time_limit = options.time_limit};
}

}  // namespace

Result<ConfinedImport> RunImporter(const SourceFile& source, int weights_descriptor,
                                   const ConfinedImportOptions& options) {
  std::string path = options.program;
  if (path.empty()) {
    SLIPWAY_TRY(path, sandbox::FindProgram("slipway-import"));
  }
  SLIPWAY_TRY(ConfinedEnd end, sandbox::RunConfined(ProgramFor(source, weights_descriptor,
                                                               std::move(path), options)));
  auto bytes = std::make_unique<const std::string>(std::move(end.result));
  Result<importer::Transcript> transcript = importer::DecodeTranscript(*bytes);
  if (!transcript.ok()) {
    return AtSource(std::move(transcript).status().With(errors::kImporterDied), source);
  }
  if (transcript->failure) return AtSource(*std::move(transcript->failure), source);
  const bool ended_well = end.kind == ConfinedEnd::Kind::kExited && end.exit_code == 0;
  if (!ended_well || !transcript->answer)
    return AtSource(StatusOfEnd(end, *transcript, source, options), source);
  return ConfinedImport{std::move(bytes), *std::move(transcript->answer)};
}

}  // namespace slipway::jobs
