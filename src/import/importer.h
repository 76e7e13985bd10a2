#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/status.h"
#include "graph/graph.h"
#include "graph/onnx_file.h"
#include "tensor/signature.h"

namespace slipway::import {

/// A foreign file: mapped bytes and the name the user gave (its folder is never opened from here).
struct Source {
  std::shared_ptr<const MappedFile> file;
  std::string name;  ///< without folders: "model.h5"
};

/// What an importer found besides the graph, for the user.
struct Report {
  std::string format;      ///< "keras-v3", "keras-h5", "onnx"
  std::string framework;   ///< "Keras 3.15.1"; empty if the file does not say
  std::string model_name;  ///< as the file calls it
  std::uint64_t parameters = 0;
  std::uint64_t layers = 0;
  std::vector<std::string> warnings;  ///< what looks doubtful, one sentence each
  std::vector<std::string>
      notes;  ///< what a reader may want to know (layers that are inert at inference)
};

struct Imported {
  graph::Model model;
  Signature signature;  ///< inputs keep the layout and names the user knows
  Report report;
};

struct Options {
  std::int64_t opset = 0;  ///< 0: the importer's own choice
  /// Where constants of 1 KiB and more go as soon as they are final, so that an import needs memory
  /// for one tensor and the structure, not for the file. nullptr: they stay in memory. Outlives the
  /// import.
  graph::WeightSink* weights = nullptr;
};

/// One format family. Sees bytes, runs nothing, knows no engine. Stateless; thread-safe.
class Importer {
 public:
  virtual ~Importer() = default;
  virtual std::string_view name() const = 0;  ///< "keras"
  /// Decided by content; the name only breaks ties.
  virtual bool Recognises(const Source& source) const = 0;
  /// Unimplemented (kUnsupportedLayers) lists everything that cannot be imported, all at once, with
  /// what to do. DataLoss (kCorruptModelFile), PermissionDenied (kForbiddenContent),
  /// ResourceExhausted (kImportLimit).
  virtual Result<Imported> Import(const Source& source, const Options& options) const = 0;
};

/// Every importer, in the order they are asked. A new format is one folder and one line here.
std::vector<std::unique_ptr<Importer>> AvailableImporters();

/// Imports by the first importer that recognises the source. Unimplemented (kUnrecognisedFormat):
/// none does; formats that are known but not built yet (SavedModel, TFLite, TF.js, PyTorch) and
/// refused kinds (pickle) are named.
Result<Imported> Import(const Source& source, const Options& options);

OrderedJson ReportToJson(const Report& report);
Result<Report> ReportFromJson(const Json& json);

}  // namespace slipway::import
