#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "importer/wire/transcript.h"
#include "jobs/source_file.h"

namespace slipway::jobs {

struct ConfinedImportOptions {
  std::int64_t opset = 0;
  std::chrono::seconds time_limit{120};
  std::string weights_location;  ///< what tensors carry whose bytes are in the weights file
  std::string program;           ///< slipway-import; empty: found beside this program
};

/// What slipway-import said about a file, decoded but not believed. Movable: the answer borrows
/// from `bytes`, which is why both are behind one pointer.
struct ConfinedImport {
  std::unique_ptr<const std::string> bytes;
  importer::Answer answer;
};

/// Runs slipway-import on the source: memory at most 4 times the file and 512 MiB, weights at most
/// 2 times the file and 64 MiB. The file's own faults as import::Import reports them; kImportLimit;
/// kImporterDied naming the file and the stage.
Result<ConfinedImport> RunImporter(const SourceFile& source, int weights_descriptor,
                                   const ConfinedImportOptions& options);

}  // namespace slipway::jobs
