#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "base/status.h"
#include "base/verified_files.h"
#include "package/manifest.h"

namespace slipway::package {

class StoreFile;

/// A folder of immutable files named by their SHA-256: FOLDER/blobs/sha256/<64 digits>.
/// Thread-safe; several processes may use one. A file appears under its name only complete and
/// synced (law 7).
class BlobStore {
 public:
  /// Creates the folders if needed and removes temporary files of processes that are gone.
  static Result<BlobStore> Open(const std::string& folder);

  /// Adds content; a blob that is there already, undamaged, is not written again but counts as new
  /// for its age. ResourceExhausted (kStoreFull) with the bytes needed and free.
  Result<Blob> Add(std::span<const std::byte> content) const;
  /// Adds a file by link or copy. The source is hashed; it may be a temporary file in folder(),
  /// which is then renamed.
  Result<Blob> AddFile(const std::string& path) const;

  /// The absolute path of a blob; it may not exist.
  std::string PathOf(const Digest& digest) const;
  bool Has(const Digest& digest) const;
  /// Opens and verifies size and digest over the opened descriptor, by reading it unless this
  /// process did before (DigestedFiles). NotFound; DataLoss (kDigestMismatch).
  Result<FileDescriptor> OpenVerified(const Blob& blob) const;
  /// The content of a small blob, verified.
  Result<std::string> Read(const Blob& blob, std::size_t max_bytes) const;
  Result<std::vector<Digest>> List() const;
  Status Remove(const Digest& digest) const;

  /// Seconds since a blob was last added. NotFound.
  Result<std::int64_t> AgeSeconds(const Digest& digest) const;
  Result<std::uint64_t> SizeOf(const Digest& digest) const;

  const std::string& folder() const { return folder_; }
  /// A folder on the store's disk for files in the making; what stays there longer than a day is
  /// removed by Open().
  std::string temporary_folder() const { return folder_ + "/tmp"; }

 private:
  explicit BlobStore(std::string folder)
      : folder_(std::move(folder)),
        sync_failed_(std::make_shared<std::atomic<bool>>(false)),
        verified_(std::make_shared<DigestedFiles>()) {}
  bool Refresh(const Blob& blob) const;
  Status Publish(StoreFile file, const Digest& digest) const;
  bool OwnsUnfinished(const std::string& path) const;

  std::string folder_;
  std::shared_ptr<std::atomic<bool>> sync_failed_;
  std::shared_ptr<DigestedFiles> verified_;
};

/// Everything needed to load one package: what the server and the tools hold.
struct Package {
  Digest digest;  ///< of the manifest
  Manifest manifest;
  std::string graph_path;  ///< an ONNX file, its weights beside it under their digest; "": none
  std::uint64_t total_bytes = 0;  ///< of all blobs
};

/// Reads the manifest of that digest, and none of the blobs that it names. NotFound; DataLoss
/// (kDigestMismatch, kInvalidPackage).
Result<Package> ReadPackage(const BlobStore& store, const Digest& manifest_digest);
/// Verifies every blob that the manifest names; reads them all, once a process. NotFound; DataLoss
/// (kDigestMismatch).
Status VerifyPackage(const BlobStore& store, const Package& package);
/// Both.
Result<Package> OpenPackage(const BlobStore& store, const Digest& manifest_digest);

}  // namespace slipway::package
