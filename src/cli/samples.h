#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobs/import_model.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// A .npz with inputs and expected outputs: arrays in_0, in_1, ... and out_0, out_1, ... in the
/// model's order, or "expect.NAME" for expected outputs and any other name for inputs. Positional
/// names are kept; the import matches them by position.
Result<jobs::Sample> ReadSample(const std::string& path);

/// Class names for outputs from "FILE" (the only output) or "OUTPUT=FILE", one name a line.
Result<std::map<std::string, std::vector<std::string>>> ReadLabels(
    const std::vector<std::string>& arguments, const Signature& signature);

}  // namespace slipway::cli
