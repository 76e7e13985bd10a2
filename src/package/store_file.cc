#include "package/store_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/error_catalogue.h"
#include "base/failpoint.h"
#include "base/text.h"

namespace slipway::package {

namespace {

constexpr std::string_view kOwnSuffix = ".part";
constexpr std::chrono::hours kForeignFileLife{24};
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

/// The lock of a file that nobody else has opened since; false when a cleaner took it for abandoned
/// and removed it.
bool LockOwnFile(int descriptor) {
  struct stat status;
  return flock(descriptor, LOCK_EX) == 0 && fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

void RemoveIfUnlocked(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid() && flock(file.get(), LOCK_EX | LOCK_NB) == 0) unlink(path.c_str());
}

void RemoveIfOld(const std::filesystem::path& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  if (error || std::filesystem::file_time_type::clock::now() - written < kForeignFileLife) return;
  std::filesystem::remove_all(path, error);
}

}  // namespace

Status CheckFreeSpace(const std::string& folder, std::uint64_t needed) {
  struct statvfs space;
  if (statvfs(folder.c_str(), &space) != 0) return {};  // the write itself will tell
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  const bool no_inodes = space.f_files > 0 && space.f_favail == 0;
  if (free >= needed && !no_inodes) return {};
  const std::string_view inodes = no_inodes ? ", and no inodes" : "";
  return ResourceExhausted(fmt::format("the store needs {} bytes and its disk has {} free{}",
                                       needed, free, inodes))
      .With(errors::kStoreFull)
      .At(folder)
      .Hint("remove versions nobody needs (slipway rm MODEL:VERSION), then: slipway gc");
}

Status ExplainStoreError(Status status, const std::string& folder, std::uint64_t needed) {
  if (status.code() == Code::kResourceExhausted && status.number() == ErrorNumber::kNone) {
    if (Status full = CheckFreeSpace(folder, needed); !full.ok()) return full;
    return ResourceExhausted(fmt::format("the store needs {} bytes: {}", needed, status.message()))
        .With(errors::kStoreFull)
        .At(folder)
        .Hint("check the disk's quota and the process's file size limit (ulimit -f)");
  }
  if (status.code() == Code::kPermissionDenied) {
    return std::move(status).Hint(
        fmt::format("the store is read-only for this user; models in it "
                    "can be served, not changed. Check: ls -ld {}",
                    folder));
  }
  return status;
}

Result<StoreFile> StoreFile::Create(const std::string& temporary_folder, std::uint64_t needed) {
  static std::atomic<unsigned> counter{0};
  SLIPWAY_RETURN_IF_ERROR(CheckFreeSpace(temporary_folder, needed));
  for (;;) {
    std::string path = fmt::format("{}/{}.{}{}", temporary_folder, getpid(),
                                   counter.fetch_add(1, std::memory_order_relaxed), kOwnSuffix);
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.valid() && errno == EEXIST)
      continue;  // of a process with our number, in another container
    if (!file.valid()) {
      return ExplainStoreError(
          ErrnoStatus(errno, fmt::format("cannot create a file in {}", temporary_folder)),
          temporary_folder, needed);
    }
    if (!LockOwnFile(file.get())) continue;
    StoreFile created(std::move(file), std::move(path), true);
    SLIPWAY_FAILPOINT("store.write");
    return created;
  }
}

Result<StoreFile> StoreFile::Adopt(const std::string& path, unsigned mode) {
  SLIPWAY_TRY(FileDescriptor file, OpenRegularFile(path));
  if (fchmod(file.get(), static_cast<mode_t>(mode)) != 0) {
    return ErrnoStatus(errno, fmt::format("cannot set the mode of {}", path));
  }
  return StoreFile(std::move(file), path, false);
}

StoreFile::StoreFile(StoreFile&& other) noexcept
    : file_(std::move(other.file_)),
      path_(std::exchange(other.path_, {})),
      is_temporary_(other.is_temporary_) {}

StoreFile::~StoreFile() {
  if (is_temporary_ && !path_.empty()) unlink(path_.c_str());
}

Status StoreFile::Failed(int error_number, std::string_view doing, std::uint64_t needed) const {
  return ExplainStoreError(ErrnoStatus(error_number, doing), FolderOf(path_), needed);
}

Status StoreFile::Write(std::span<const std::byte> content) {
  SLIPWAY_RETURN_IF_ERROR(
      ExplainStoreError(WriteAll(file_.get(), content), FolderOf(path_), content.size()));
  SLIPWAY_FAILPOINT("store.after_write");
  return {};
}

Status StoreFile::CopyFrom(int source, std::uint64_t size) {
  if (ioctl(file_.get(), FICLONE, source) != 0) {
    SLIPWAY_RETURN_IF_ERROR(CopyPieces(source, size));
  }
  SLIPWAY_FAILPOINT("store.after_write");
  return {};
}

Status StoreFile::CopyPieces(int source, std::uint64_t size) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size, kCopyBytes));
  loff_t position = 0;
  bool in_kernel = true;
  while (static_cast<std::uint64_t>(position) < size) {
    const std::size_t piece = std::min<std::uint64_t>(size - position, kCopyBytes);
    ssize_t count = -1;
    if (in_kernel) {
      loff_t from = position;
      count = copy_file_range(source, &from, file_.get(), nullptr, piece, 0);
      if (count < 0 &&
          (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
        in_kernel = false;
        continue;
      }
    } else {
      count = pread(source, buffer.data(), piece, position);
      if (count > 0) {
        SLIPWAY_RETURN_IF_ERROR(ExplainStoreError(
            WriteAll(file_.get(), std::span(buffer).first(count)), FolderOf(path_), size));
      }
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(errno, "cannot copy into the store", size);
    if (count == 0) return Aborted("the file became shorter while it was copied into the store");
    position += count;
  }
  return {};
}

Status StoreFile::Publish(const std::string& path) {
  SLIPWAY_FAILPOINT("store.fsync");
  if (fsync(file_.get()) != 0) return Failed(errno, "the disk did not keep a file of the store", 0);
  SLIPWAY_FAILPOINT("store.after_fsync");
  if (rename(path_.c_str(), path.c_str()) != 0) {
    return Failed(errno, "cannot give a file of the store its name", 0);
  }
  path_.clear();
  SLIPWAY_FAILPOINT("store.after_rename");
  SLIPWAY_RETURN_IF_ERROR(SyncDirectory(FolderOf(path)));
  SLIPWAY_FAILPOINT("store.after_dir_fsync");
  return {};
}

void RemoveAbandonedFiles(const std::string& temporary_folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(temporary_folder, error)) {
    const bool is_own = entry.path().extension() == kOwnSuffix;
    is_own ? RemoveIfUnlocked(entry.path().string()) : RemoveIfOld(entry.path());
  }
}

}  // namespace slipway::package
