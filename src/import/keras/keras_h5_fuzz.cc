#include <cstddef>
#include <cstdint>
#include <string_view>

#include "import/keras/keras_importer.h"
#include "import/source_of_bytes.h"

/// Any bytes behind an HDF5 signature: imported or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const slipway::import::Source source = slipway::import::SourceOfBytes("model.h5", bytes);
  const auto importer = slipway::import::MakeKerasImporter();
  if (importer->Recognises(source)) (void)importer->Import(source, {}).ok();
  return 0;
}
