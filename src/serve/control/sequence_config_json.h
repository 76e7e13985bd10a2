#pragma once

#include "base/json_fwd.h"
#include "base/status.h"
#include "serve/model/sequence_config.h"

namespace slipway::serve {

/// `sequence_batching` of Triton's ModelConfig. InvalidArgument (kRequestFieldInvalid) with the
/// field as place. Pure.
Status ReadSequenceBatching(const Json& json, SequenceBatching& sequences);
/// The same back.
OrderedJson EncodeSequenceBatching(const SequenceBatching& sequences);

}  // namespace slipway::serve
