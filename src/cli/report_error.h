#pragma once

#include "base/error_catalogue.h"
#include "base/status.h"

namespace slipway::cli {

/// Prints a failure on standard error and gives the exit code for it:
///
///     error SLIPWAY-E2104: input "image": expected shape [N,224,224,3], got [1,3,224,224]
///       at samples/cat.npz
///       hint: send it transposed
///       more: slipway explain-error SLIPWAY-E2104
ExitCode ReportError(const Status& status);

}  // namespace slipway::cli
