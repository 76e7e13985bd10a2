#include "jobs/unpublished_package.h"

#include <string>

#include "base/sha256.h"

namespace slipway::jobs {

package::Package UnpublishedPackage(const ImportedModel& imported) {
  const package::Manifest& manifest = imported.manifest;
  const std::string text = package::EncodeManifest(manifest);
  std::uint64_t total_bytes = text.size();
  for (const package::Blob& blob : package::BlobsOf(manifest)) total_bytes += blob.size;
  return {.digest = Sha256Of(text),
          .manifest = manifest,
          .graph_path = imported.graph_path,
          .total_bytes = total_bytes};
}

}  // namespace slipway::jobs
