#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "graph/graph.h"
#include "package/manifest.h"
#include "tensor/signature.h"

namespace slipway::jobs {

/// A named tensor of a sample: inputs by their names, expected outputs by theirs.
struct Sample {
  std::vector<std::pair<std::string, TensorBuffer>> inputs;
  std::vector<std::pair<std::string, TensorBuffer>> expected;
};

struct ImportOptions {
  std::string work_folder;  ///< where weights are written; on the disk that will keep them
  std::int64_t opset = 0;
  std::vector<Sample>
      samples;  ///< compared with the converted graph; exceeding the tolerance fails the import
  double relative_tolerance = 1e-4;
  double absolute_tolerance = 1e-5;
  std::uint64_t seed = 1;
  std::chrono::seconds time_limit{120};
};

/// What the self-check did and saw, honest about its strength.
struct SelfCheck {
  std::uint64_t runs = 0;
  bool compared_with_samples = false;
  double max_absolute_error = 0;
  double max_relative_error = 0;
  std::string summary;  ///< "structure checked on 6 inputs, numbers not compared with the source"
};

/// An imported model on disk: an ONNX structure file with its weights beside it, both in the work
/// folder.
struct ImportedModel {
  std::string graph_path;    ///< ONNX, external data at weights_path where it is not empty
  std::string weights_path;  ///< named by its digest; empty: all tensors are in the structure
  std::string
      samples_path;  ///< .npz of the sample that travels with the package; empty: none was given
  package::Manifest manifest;  ///< complete but for labels: name, blobs, signature, lineage
  std::string format;
  std::string framework;
  std::uint64_t parameters = 0;
  std::uint64_t nodes = 0;
  std::int64_t opset = 0;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  SelfCheck self_check;
};

/// Imports a foreign file: opens it, spawns the confined slipway-import with the descriptor,
/// verifies what comes back like any input (graph::Verify, ONNX checker, shape inference), and runs
/// it on the engine before it counts. `progress` (may be null) hears one word a stage. Errors as
/// import::Importer's, and kImporterDied, kSelfCheckFailed.
Result<ImportedModel> ImportModel(const std::string& path, engine::Engine& engine,
                                  const ImportOptions& options,
                                  const std::function<void(std::string_view)>& progress);

}  // namespace slipway::jobs
