#pragma once

#include <memory>

#include "import/importer.h"

namespace slipway::import {

/// Keras models: `.h5` of Keras 1, 2 and 3, and `.keras`.
std::unique_ptr<Importer> MakeKerasImporter();

}  // namespace slipway::import
