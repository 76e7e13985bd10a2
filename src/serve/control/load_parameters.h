#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "serve/control/load_request.h"

namespace slipway::serve {

/// What the parameters of a load and an unload may be, in whatever protocol they come. All refusals
/// are InvalidArgument (kRequestFieldInvalid, kRequestNotJson). Pure.

/// The parameter `config`: a ModelConfig as JSON text. Its `version_policy` chooses, the rest is
/// what ParseModelConfig() reads, and replaces the package's own.
Status SetLoadConfig(std::string_view json, LoadRequest& request);
/// The parameter `version`: a positive number, or a text that is one or an alias.
Status SetLoadVersion(std::int64_t version, LoadRequest& request);
Status SetLoadVersion(std::string_view text, LoadRequest& request);

/// The refusals of any other parameter, naming the known ones.
Status UnknownLoadParameter(std::string_view key);
Status UnknownUnloadParameter(std::string_view key);

}  // namespace slipway::serve
