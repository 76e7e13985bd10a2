#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "graph/graph.h"
#include "importer/wire/transcript.h"
#include "jobs/import_model.h"
#include "jobs/source_file.h"
#include "jobs/weights_file.h"
#include "package/manifest.h"

namespace slipway::jobs {

/// What came back from slipway-import, verified: a valid graph whose large tensors lie in
/// `weights`, and the facts about it. The graph's external data location is the weights' digest.
struct ConvertedModel {
  graph::Model model;
  WeightsFile weights;
  std::optional<package::Blob> weights_blob;
  Signature signature;
  importer::FoundFacts facts;
};

/// Converts the source in the confined process and verifies what comes back: graph::Verify, and the
/// place of every tensor in the weights file. (ONNX's own checker ran in there.) External data of
/// an ONNX file are looked for beneath the source's folder and copied to the weights. Errors as
/// ImportModel's.
Result<ConvertedModel> ConvertSource(const SourceFile& source, const ImportOptions& options);

}  // namespace slipway::jobs
