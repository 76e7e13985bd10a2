#include "import/importer.h"

#include "import/keras/keras_importer.h"
#include "import/known_formats.h"
#include "import/onnx/onnx_importer.h"

namespace slipway::import {

std::vector<std::unique_ptr<Importer>> AvailableImporters() {
  std::vector<std::unique_ptr<Importer>> importers;
  importers.push_back(MakeKerasImporter());
  importers.push_back(MakeOnnxImporter());  // last: its format has no magic bytes
  return importers;
}

Result<Imported> Import(const Source& source, const Options& options) {
  for (const auto& importer : AvailableImporters()) {
    if (importer->Recognises(source)) return importer->Import(source, options);
  }
  return RefuseUnrecognised(source);
}

}  // namespace slipway::import
