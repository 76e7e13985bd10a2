#pragma once

#include <string>

#include "base/json.h"
#include "jobs/import_model.h"
#include "package/manifest.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Indented lines for people: inputs, outputs, lineage, warnings.
std::string DescribeManifest(const package::Manifest& manifest);
std::string DescribeSignature(const Signature& signature);

/// What an import understood, as `serve`, `import` and `push` print it, a line each.
std::string DescribeImport(const jobs::ImportedModel& model);
OrderedJson ImportToJson(const jobs::ImportedModel& model);

}  // namespace slipway::cli
