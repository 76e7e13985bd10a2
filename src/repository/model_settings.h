#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "repository/version_policy.h"
#include "tensor/signature.h"

namespace slipway::repository {

/// An input or output as a configuration declares it.
struct DeclaredTensor {
  std::string name;
  DType dtype = DType::kUndefined;  ///< kUndefined: not said
  std::vector<std::int64_t> dims;   ///< without the batch's; -1: any size; empty: not said
  std::string label_file;           ///< of an output: a file with a class name in each line
  bool operator==(const DeclaredTensor&) const = default;
};

/// What the configuration of another server says of one model.
struct ModelSettings {
  std::string name;  ///< "": not said
  VersionPolicy policy;
  std::map<std::string, std::int64_t> version_labels;
  std::string model_file;  ///< the name of the file in every version folder; "": the usual one
  std::int64_t max_batch_size = 0;
  std::vector<DeclaredTensor> inputs;
  std::vector<DeclaredTensor> outputs;
  std::string config_json;  ///< how it is scheduled: Triton's ModelConfig in JSON; "": not said
  /// Of an ensemble: its ensemble_scheduling in JSON; it has no file, and inputs and outputs are
  /// all that is known of its tensors. "": a model of its own.
  std::string ensemble_json;
  std::string refusal;               ///< why no model that needs this can be served: "backend ..."
  std::vector<std::string> ignored;  ///< "instance_group: why", for each field without effect
  bool operator==(const ModelSettings&) const = default;
};

/// Whether a model is what its configuration declares. InvalidArgument (kInvalidPackage) with both
/// shapes: a name that the model has not, another type, rank or size. Pure.
Status CheckDeclared(const ModelSettings& settings, const Signature& signature);

/// What is declared, as a signature: where there is no model to ask. InvalidArgument
/// (kInvalidPackage): a tensor without type or dims. Pure.
Result<Signature> DeclaredSignature(const ModelSettings& settings);

}  // namespace slipway::repository
