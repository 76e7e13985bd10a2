#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "serve/model/model_set.h"

namespace slipway::serve {

/// {"name","version","extensions"}: only the extensions that are there.
std::string EncodeServerMetadata(bool has_shared_memory);

/// {"models":[name, ...]}: every name with a ready version, once.
std::string EncodeModelNames(std::span<const ModelHandle> ready);

/// {"name","versions","platform","inputs","outputs"}. `versions`: the ready ones, or the one asked
/// for.
std::string EncodeModelMetadata(const ServedModel& model, std::span<const std::int64_t> versions);

/// Triton's ModelConfig as JSON: enumerations as names, 64-bit integers as numbers. With a
/// max_batch_size `dims` lack the batch dimension, as there; without one they have all.
std::string EncodeModelConfig(const ServedModel& model);

/// {"model_stats":[...]}, as Triton counts.
std::string EncodeStatistics(std::span<const ModelHandle> models);

}  // namespace slipway::serve
