#pragma once

#include <cstdint>

namespace slipway::serve {

/// Whose answer stands where protocols use one path for different ones: `GET /v1/models/M` and
/// `GET /v1/models`. Not both in one object: strict readers of protobuf's JSON refuse what is more.
enum class Dialect : std::uint8_t {
  kTfServing,  ///< {"model_version_status": [...]}; the list is 400
  kKServe,     ///< {"name": "M", "ready": true}; {"models": ["M"]}
};

}  // namespace slipway::serve
