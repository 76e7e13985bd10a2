#pragma once

#include <string_view>

#include "base/json_fwd.h"
#include "base/status.h"
#include "package/manifest.h"
#include "serve/model/model_config.h"

namespace slipway::serve {

/// The annotation of a package that holds a model configuration, as JSON text.
inline constexpr std::string_view kConfigAnnotation = "slipway.model-config";

/// Triton's ModelConfig as JSON, in the names of its definition; 64-bit integers may be texts.
/// Read: max_batch_size, dynamic_batching, sequence_batching, response_cache and the steps of
/// ensemble_scheduling. What a package
/// fixes (name, platform, backend, runtime, input, output) and version_policy, which is not of one
/// version, are passed over; any other field is refused by name unless it is empty. InvalidArgument
/// (kRequestNotJson, kRequestFieldInvalid) with the field as place. Pure.
Result<ModelConfig> ParseModelConfig(std::string_view json);

/// The configuration that a package brings; as served without one where it brings none.
/// InvalidArgument, of kInvalidPackage.
Result<ModelConfig> ConfigOf(const package::Manifest& manifest);

/// Adds what ParseModelConfig() reads to a document, in Triton's order; absent parts are left out.
void AppendConfig(const ModelConfig& config, OrderedJson& document);

}  // namespace slipway::serve
