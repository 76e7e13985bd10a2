#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/sha256.h"
#include "base/status.h"

namespace slipway::package {

/// A file on its way into a store: written in the store's temporary folder under an advisory lock,
/// so that a cleaner can tell a living writer's file from one that a killed process left. Without
/// Publish() nothing stays behind.
class StoreFile {
 public:
  /// A new empty file. `needed` is what will be written: less free space is ResourceExhausted
  /// (kStoreFull) at once.
  static Result<StoreFile> Create(const std::string& temporary_folder, std::uint64_t needed);
  /// A finished file in the store's own file system, which Publish() will move. Its mode becomes
  /// `mode`.
  static Result<StoreFile> Adopt(const std::string& path, unsigned mode);
  StoreFile(StoreFile&& other) noexcept;
  StoreFile& operator=(StoreFile&& other) = delete;
  ~StoreFile();

  int descriptor() const { return file_.get(); }
  Status Write(std::span<const std::byte> content);
  /// Shares the extents of `source` where the file system can, else copies its first `size` bytes.
  Status CopyFrom(int source, std::uint64_t size);
  /// fsync, rename to `path`, fsync of its directory (law 7). Once only.
  Status Publish(const std::string& path);

 private:
  StoreFile(FileDescriptor file, std::string path, bool is_temporary)
      : file_(std::move(file)), path_(std::move(path)), is_temporary_(is_temporary) {}
  Status CopyPieces(int source, std::uint64_t size);
  Status Failed(int error_number, std::string_view doing, std::uint64_t needed) const;

  FileDescriptor file_;
  std::string path_;
  bool is_temporary_;
};

/// Removes what killed writers left in the folder: files whose lock is free, and anything else
/// older than a day.
void RemoveAbandonedFiles(const std::string& temporary_folder);

/// ResourceExhausted (kStoreFull) with both numbers, if the file system of `folder` has less than
/// `needed` bytes free.
Status CheckFreeSpace(const std::string& folder, std::uint64_t needed);

/// `status` unless the disk is full or read-only; those say so with the store's number and what to
/// do.
Status ExplainStoreError(Status status, const std::string& folder, std::uint64_t needed);

}  // namespace slipway::package
