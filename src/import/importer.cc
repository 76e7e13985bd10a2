#include "import/importer.h"

#include "import/known_formats.h"

namespace slipway::import {

std::vector<std::unique_ptr<Importer>> AvailableImporters() {
  std::vector<std::unique_ptr<Importer>> importers;
  return importers;
}

Result<Imported> Import(const Source& source, const Options& options) {
  for (const auto& importer : AvailableImporters()) {
    if (importer->Recognises(source)) return importer->Import(source, options);
  }
  return RefuseUnrecognised(source);
}

}  // namespace slipway::import
