#pragma once

#include "base/status.h"
#include "import/importer.h"

namespace slipway::import {

/// Why a file that no importer takes is refused: the format it looks like by content and what to do
/// with it. PermissionDenied (kForbiddenContent): a pickle. Unimplemented (kUnrecognisedFormat):
/// everything else. Pure; looks at the first and last few hundred bytes.
Status RefuseUnrecognised(const Source& source);

}  // namespace slipway::import
