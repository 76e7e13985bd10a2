#include "jobs/export_model.h"

#include "graph/onnx_file.h"

namespace slipway::jobs {

Status ExportOnnx(const ImportedModel& imported, const std::string& path) {
  SLIPWAY_TRY(const graph::Model model, graph::ReadModelFile(imported.graph_path));
  return graph::WriteModelFile(model, path);
}

}  // namespace slipway::jobs
