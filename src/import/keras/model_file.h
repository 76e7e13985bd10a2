#pragma once

#include "base/status.h"
#include "import/importer.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// Reads a model out of an HDF5 file (Keras 1, 2 and the legacy format of 3): its configuration,
/// with weights bound. Unimplemented (kUnrecognisedFormat): an HDF5 file of something else, or of
/// weights alone.
Result<SavedModel> ReadH5Model(const Source& source);

/// The same out of a .keras archive.
Result<SavedModel> ReadArchiveModel(const Source& source);

}  // namespace slipway::import::keras
