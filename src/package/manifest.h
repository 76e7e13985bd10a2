#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/sha256.h"
#include "base/status.h"
#include "package/ensemble.h"
#include "tensor/signature.h"

namespace slipway::package {

/// One content-addressed file of a package.
struct Blob {
  Digest digest;
  std::uint64_t size = 0;
  bool operator==(const Blob&) const = default;
};

/// Where a package's model came from and what was found when it was imported.
struct Lineage {
  std::string source_name;  ///< file name without folders
  std::optional<Digest> source_digest;
  std::string source_format;  ///< "keras-v3", "keras-h5", "onnx"
  std::string framework;      ///< "Keras 3.15.1", as the file says; may be empty
  std::string tool_version;   ///< the Slipway that imported it
  std::string self_check;     ///< one line: what was checked and how it went
  std::vector<std::string> warnings;
  bool operator==(const Lineage&) const = default;
};

/// The manifest of a package: JSON with sorted keys, schema "slipway-package/1"; its digest is the
/// package's identity, and it names every other file by digest. Times are not in it: equal content
/// gives equal digests.
///
/// The graph blob is an ONNX file whose external data location is the weights blob's 64 hexadecimal
/// digits, so that in a folder of blobs named by digest any ONNX reader finds and maps the weights.
///
/// An ensemble has no graph, or that of the steps without a model: its signature is the ensemble's.
struct Manifest {
  std::string name;           ///< suggested model name
  std::optional<Blob> graph;  ///< absent: an ensemble without a graph of its own
  std::optional<Ensemble> ensemble;
  std::optional<Blob> weights;  ///< absent when all tensors are in the graph
  std::optional<Blob> samples;  ///< .npz: inputs by name, expected outputs as "expect.<name>"
  Signature signature;
  std::map<std::string, std::vector<std::string>> labels;  ///< output name -> class names
  Lineage lineage;
  std::map<std::string, std::string> annotations;
  bool operator==(const Manifest&) const = default;
};

/// Every blob that the manifest names: graph, weights, samples, those that there are.
std::vector<Blob> BlobsOf(const Manifest& manifest);

/// A longer manifest is refused by DecodeManifest.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{16} << 20;

/// Canonical bytes: the same manifest always gives the same text.
std::string EncodeManifest(const Manifest& manifest);

/// InvalidArgument (kInvalidPackage) naming the field: unknown schema, missing or wrong fields, a
/// name outside the pattern, a signature of unservable types, more than 1,000 tensors, neither a
/// graph nor an ensemble, an ensemble that PlanEnsemble() refuses.
Result<Manifest> DecodeManifest(std::string_view text);

OrderedJson SignatureToJson(const Signature& signature);
Result<Signature> SignatureFromJson(const Json& json);

}  // namespace slipway::package
