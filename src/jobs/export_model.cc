#include "jobs/export_model.h"

#include <memory>
#include <utility>

#include "base/file.h"
#include "graph/onnx_file.h"

namespace slipway::jobs {

Status ExportOnnx(const ImportedModel& imported, const std::string& path) {
  SLIPWAY_TRY(MappedFile structure, MappedFile::Open(imported.graph_path));
  SLIPWAY_TRY(graph::Model model,
              graph::DecodeMappedModel(std::make_shared<const MappedFile>(std::move(structure))));
  if (imported.weights_path.empty()) return graph::WriteModelFile(model, path);
  SLIPWAY_TRY(MappedFile mapped, MappedFile::Open(imported.weights_path));
  const auto weights = std::make_shared<const MappedFile>(std::move(mapped));
  SLIPWAY_RETURN_IF_ERROR(graph::AttachExternalData(model, weights));
  return graph::WriteModelFile(model, path, {.source = weights});
}

}  // namespace slipway::jobs
