#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graph/verify.h"
#include "import/onnx/onnx_importer.h"
#include "import/source_of_bytes.h"

/// The importer's way through ONNX's own library: refused, or a model that is sound.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto imported =
      import::MakeOnnxImporter()->Import(import::SourceOfBytes("model.onnx", bytes), {});
  if (imported.ok() && !graph::Verify(imported->model).empty()) std::abort();
  return 0;
}
