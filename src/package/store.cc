#include "package/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/error_catalogue.h"
#include "base/failpoint.h"
#include "package/store_file.h"

namespace slipway::package {

namespace {

constexpr std::string_view kBlobs = "/blobs/sha256";

Status Mismatch(const Digest& expected, std::string message) {
  return DataLoss(std::move(message))
      .With(errors::kDigestMismatch)
      .At(expected.ToString())
      .Hint("the file is damaged; push the model again and it is replaced");
}

/// Size and digest of an opened file against what it is said to be.
Status VerifyContent(int descriptor, const Blob& blob, DigestedFiles& verified) {
  SLIPWAY_TRY(const std::uint64_t size, FileSize(descriptor));
  if (size != blob.size) {
    return Mismatch(blob.digest,
                    fmt::format("digest mismatch: {} bytes long, not {}", size, blob.size));
  }
  SLIPWAY_TRY(const Digest actual, verified.SumOf(descriptor));
  if (actual == blob.digest) return {};
  return Mismatch(blob.digest,
                  fmt::format("digest mismatch: the content's digest is {}", actual.ToString()));
}

/// The store's folder says by its mode who may read it; its files follow.
unsigned FileModeOf(const std::string& folder) {
  struct stat status;
  return stat(folder.c_str(), &status) == 0 ? status.st_mode & 0666U : 0644U;
}

}  // namespace

Result<BlobStore> BlobStore::Open(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(folder, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("cannot use {}", folder));
  BlobStore store(absolute.lexically_normal().string());
  if (Status status = MakeDirectories(store.folder_ + std::string(kBlobs)); !status.ok()) {
    return ExplainStoreError(std::move(status), store.folder_, 0);
  }
  // A read-only store that was never written to has no such folder, and needs none.
  static_cast<void>(MakeDirectories(store.temporary_folder()));
  RemoveAbandonedFiles(store.temporary_folder());
  return store;
}

std::string BlobStore::PathOf(const Digest& digest) const {
  return fmt::format("{}{}/{}", folder_, kBlobs, digest.Hex());
}

bool BlobStore::Has(const Digest& digest) const {
  return access(PathOf(digest).c_str(), F_OK) == 0;
}

Result<Blob> BlobStore::Add(std::span<const std::byte> content) const {
  const Blob blob{Sha256Of(content), content.size()};
  if (Refresh(blob)) return blob;
  SLIPWAY_TRY(StoreFile file, StoreFile::Create(temporary_folder(), content.size()));
  SLIPWAY_RETURN_IF_ERROR(file.Write(content));
  SLIPWAY_RETURN_IF_ERROR(Publish(std::move(file), blob.digest));
  return blob;
}

Result<Blob> BlobStore::AddFile(const std::string& path) const {
  SLIPWAY_TRY(const FileDescriptor source, OpenRegularFile(path));
  Blob blob;
  SLIPWAY_TRY(blob.size, FileSize(source.get()));
  if (OwnsUnfinished(path)) {
    SLIPWAY_TRY(StoreFile file, StoreFile::Adopt(path, FileModeOf(folder_)));
    SLIPWAY_TRY(blob.digest, Sha256OfFile(file.descriptor()));
    SLIPWAY_RETURN_IF_ERROR(Publish(std::move(file), blob.digest));
    return blob;
  }
  SLIPWAY_TRY(StoreFile file, StoreFile::Create(temporary_folder(), blob.size));
  SLIPWAY_RETURN_IF_ERROR(file.CopyFrom(source.get(), blob.size));
  SLIPWAY_TRY(blob.size, FileSize(file.descriptor()));
  SLIPWAY_TRY(blob.digest, Sha256OfFile(file.descriptor()));
  if (Refresh(blob)) return blob;
  SLIPWAY_RETURN_IF_ERROR(Publish(std::move(file), blob.digest));
  return blob;
}

bool BlobStore::OwnsUnfinished(const std::string& path) const {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  const std::string root = std::filesystem::canonical(folder_, error).string();
  struct stat file;
  struct stat folder;
  if (error || lstat(path.c_str(), &file) != 0 || stat(folder_.c_str(), &folder) != 0) return false;
  const bool is_movable =
      S_ISREG(file.st_mode) && file.st_nlink == 1 && file.st_dev == folder.st_dev;
  return is_movable && real.starts_with(root + "/") && !real.starts_with(root + "/blobs/");
}

/// True if the blob is there and undamaged. It then is as good as new: durable under its name, and
/// young for the collector.
bool BlobStore::Refresh(const Blob& blob) const {
  const std::string path = PathOf(blob.digest);
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || !VerifyContent(file.get(), blob, *verified_).ok()) return false;
  return futimens(file.get(), nullptr) == 0 && SyncDirectory(folder_ + std::string(kBlobs)).ok();
}

Status BlobStore::Publish(StoreFile file, const Digest& digest) const {
  if (sync_failed_->load()) {
    return FailedPrecondition(
               "an earlier write was not kept by the disk; the store takes nothing more")
        .At(folder_)
        .Hint("check the disk (dmesg), then start the program again");
  }
  Status status = file.Publish(PathOf(digest));
  // A failed fsync is never tried again: the kernel has dropped the pages, so a second one would
  // lie.
  if (status.code() == Code::kDataLoss) sync_failed_->store(true);
  return status;
}

Result<FileDescriptor> BlobStore::OpenVerified(const Blob& blob) const {
  FileDescriptor file(open(PathOf(blob.digest).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return ErrnoStatus(errno, fmt::format("cannot open blob {}", blob.digest.ToString()));
  }
  SLIPWAY_RETURN_IF_ERROR(VerifyContent(file.get(), blob, *verified_));
  return file;
}

Result<std::string> BlobStore::Read(const Blob& blob, std::size_t max_bytes) const {
  const std::string place = blob.digest.ToString();
  if (blob.size > max_bytes) {
    return ResourceExhausted(
               fmt::format("blob of {} bytes, at most {} are read", blob.size, max_bytes))
        .At(place);
  }
  Result<std::string> content = ReadFile(PathOf(blob.digest), blob.size);
  if (!content.ok() && content.status().code() != Code::kResourceExhausted) return content;
  if (!content.ok() || content->size() != blob.size) {
    return Mismatch(blob.digest, fmt::format("digest mismatch: not {} bytes long", blob.size));
  }
  if (Sha256Of(*content) != blob.digest) return Mismatch(blob.digest, "digest mismatch");
  return content;
}

Result<std::vector<Digest>> BlobStore::List() const {
  std::vector<Digest> digests;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder_ + std::string(kBlobs), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const Result<Digest> digest = ParseDigest(entry->path().filename().string());
    if (digest.ok()) digests.push_back(*digest);
  }
  if (error) return ErrnoStatus(error.value(), fmt::format("cannot list {}", folder_));
  std::ranges::sort(digests);
  return digests;
}

Status BlobStore::Remove(const Digest& digest) const {
  if (unlink(PathOf(digest).c_str()) == 0) return {};
  return ErrnoStatus(errno, fmt::format("cannot remove blob {}", digest.ToString()));
}

Result<std::int64_t> BlobStore::AgeSeconds(const Digest& digest) const {
  struct stat status;
  if (stat(PathOf(digest).c_str(), &status) != 0) {
    return ErrnoStatus(errno, fmt::format("cannot stat blob {}", digest.ToString()));
  }
  return std::max<std::int64_t>(0, time(nullptr) - status.st_mtim.tv_sec);
}

Result<std::uint64_t> BlobStore::SizeOf(const Digest& digest) const {
  struct stat status;
  if (stat(PathOf(digest).c_str(), &status) != 0) {
    return ErrnoStatus(errno, fmt::format("cannot stat blob {}", digest.ToString()));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace slipway::package
