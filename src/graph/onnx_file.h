#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

struct ReadLimits {
  std::uint64_t max_model_bytes = std::uint64_t{16}
                                  << 30;  ///< model file and external data together
  std::size_t max_nodes = 1'000'000;
  std::size_t max_attributes = 10'000;  ///< of one node
  std::size_t max_external_files = 10'000;
  std::size_t max_nesting = 100;  ///< sub-graphs and functions
};

/// Decodes the bytes of an ONNX ModelProto (at most 2 GiB, the format's own bound). Tensor bytes
/// are copied out of `bytes`; external tensors keep their ExternalData and no bytes. DataLoss
/// (kCorruptModelFile): not a ModelProto, a tensor whose bytes do not fit its dims, text or gzip
/// given instead. ResourceExhausted (kImportLimit): a limit. Never crashes on hostile bytes.
Result<Model> DecodeModel(std::span<const std::byte> bytes, const ReadLimits& limits = {});

/// The same for a file that is mapped already: tensors borrow their bytes from it instead of
/// copying them.
Result<Model> DecodeMappedModel(const std::shared_ptr<const MappedFile>& file,
                                const ReadLimits& limits = {});

/// Reads a model and maps its external data, each file opened beneath the model's folder without
/// following links (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, one link, regular file; offsets
/// and lengths checked against the real size before use). PermissionDenied (kForbiddenContent): a
/// location that leaves the folder. Tensors come back with `data` mapped and no `external`.
Result<Model> ReadModelFile(const std::string& path, const ReadLimits& limits = {});

/// Gives every external tensor of `model` its bytes out of `weights`, whatever its location says:
/// for a model whose one external file the caller has open already.
Status AttachExternalData(Model& model, std::shared_ptr<const MappedFile> weights);

/// Encodes without external data: every tensor must have its bytes. ResourceExhausted above 2 GiB.
Result<std::string> EncodeModel(const Model& model);

struct WriteOptions {
  /// Tensors of at least this many bytes go to `<path>.data`; 0: none unless the model would exceed
  /// 2 GiB.
  std::uint64_t external_threshold = 0;
  /// The file that tensors borrow their bytes from, where there is one: its pages are given back
  /// megabyte by megabyte, as they are written.
  std::shared_ptr<const MappedFile> source;
};

/// Writes `path` (and its data file) whole or not at all. Streams tensor bytes: costs memory for
/// the structure only, above 2 GiB too.
Status WriteModelFile(const Model& model, const std::string& path,
                      const WriteOptions& options = {});

/// Takes the bytes of large tensors as they are produced, so that a converter never holds more than
/// one of them.
class WeightSink {
 public:
  virtual ~WeightSink() = default;
  /// Keeps the bytes and says where they are; the tensor then carries this as `external` and no
  /// `data`.
  virtual Result<ExternalData> Put(std::span<const std::byte> bytes) = 0;
};

/// A sink that appends to a file at 64-byte-aligned offsets. The descriptor is borrowed; `location`
/// is what tensors will say. `source` as in WriteOptions.
std::unique_ptr<WeightSink> MakeFileSink(int descriptor, std::string location,
                                         std::shared_ptr<const MappedFile> source = nullptr);

/// Splits a model into the serialised structure and its weights: tensors of at least `threshold`
/// bytes are appended to `weights_descriptor` at 64-byte-aligned offsets, as external data named
/// `location`. For packages and the importer.
Result<std::string> EncodeWithWeights(const Model& model, const std::string& location,
                                      std::uint64_t threshold, int weights_descriptor);

}  // namespace slipway::graph
