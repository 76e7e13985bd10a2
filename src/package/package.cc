#include <fmt/format.h>

#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "package/store.h"

namespace slipway::package {

namespace {

/// Damaged or invalid, the package cannot be served: stored data is at fault, not the caller.
Status Damaged(const Status& status, const Digest& manifest) {
  return DataLoss(status.message())
      .With(errors::kInvalidPackage)
      .At(status.place())
      .At(fmt::format("package {}", manifest.ToString()));
}

Result<std::string> ReadManifest(const BlobStore& store, const Digest& digest) {
  SLIPWAY_TRY(const std::uint64_t size, store.SizeOf(digest));
  return store.Read({digest, size}, kMaxManifestBytes);
}

}  // namespace

Result<Package> ReadPackage(const BlobStore& store, const Digest& manifest_digest) {
  SLIPWAY_TRY(const std::string text, ReadManifest(store, manifest_digest));
  Result<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) return Damaged(manifest.status(), manifest_digest);
  Package package{.digest = manifest_digest, .manifest = std::move(manifest).value()};
  package.total_bytes = text.size();
  for (const Blob& blob : BlobsOf(package.manifest)) {
    const auto total = CheckedAdd(package.total_bytes, blob.size);
    if (!total) return Damaged(DataLoss("the sizes overflow"), manifest_digest);
    package.total_bytes = *total;
  }
  if (package.manifest.graph) package.graph_path = store.PathOf(package.manifest.graph->digest);
  return package;
}

Status VerifyPackage(const BlobStore& store, const Package& package) {
  for (const Blob& blob : BlobsOf(package.manifest)) {
    Status verified = store.OpenVerified(blob).status();
    if (!verified.ok())
      return std::move(verified).At(fmt::format("package {}", package.digest.ToString()));
  }
  return {};
}

Result<Package> OpenPackage(const BlobStore& store, const Digest& manifest_digest) {
  SLIPWAY_TRY(Package package, ReadPackage(store, manifest_digest));
  SLIPWAY_RETURN_IF_ERROR(VerifyPackage(store, package));
  return package;
}

}  // namespace slipway::package
