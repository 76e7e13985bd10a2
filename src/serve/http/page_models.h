#pragma once

#include <string>

#include "serve/model/model_set.h"

namespace slipway::serve {

/// What the page lists: {"models":[{"name","version","state","reason","inputs","outputs"}]}, every
/// version that the set knows, unloaded ones left out; tensors as the v2 metadata writes them,
/// outputs with their "labels" where the package has some. Versions that are not ready have no
/// tensors.
std::string EncodePageModels(const ModelSet& models);

}  // namespace slipway::serve
