#include "jobs/unpublished_package.h"

#include <string>

#include "base/sha256.h"

namespace slipway::jobs {

package::Package UnpublishedPackage(const ImportedModel& imported) {
  const package::Manifest& manifest = imported.manifest;
  const std::string text = package::EncodeManifest(manifest);
  std::uint64_t total_bytes = text.size() + manifest.graph.size;
  if (manifest.weights) total_bytes += manifest.weights->size;
  if (manifest.samples) total_bytes += manifest.samples->size;
  return {.digest = Sha256Of(text),
          .manifest = manifest,
          .graph_path = imported.graph_path,
          .total_bytes = total_bytes};
}

}  // namespace slipway::jobs
