#pragma once

#include <memory>

#include "import/importer.h"

namespace slipway::import {

/// ONNX itself: IR version 3 and later, operators of version 7 and later. The model comes back as
/// it is; external data keep their place, because the folder is never opened from here. What no
/// engine runs is refused: operators of unknown domains, versions or names, ones that run code
/// outside of the model, inputs that are no tensors.
std::unique_ptr<Importer> MakeOnnxImporter();

}  // namespace slipway::import
