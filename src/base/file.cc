#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/unfinished.h"

namespace slipway {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = other.Release();
  }
  return *this;
}

int FileDescriptor::Release() { return std::exchange(descriptor_, -1); }

void FileDescriptor::Close() {
  if (descriptor_ >= 0) close(Release());
}

Result<MappedFile> MappedFile::Map(int descriptor) {
  SLIPWAY_TRY(const std::uint64_t size, FileSize(descriptor));
  MappedFile file;
  if (size == 0) return file;
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, "cannot map a file");
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = size;
  return file;
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  SLIPWAY_TRY(const FileDescriptor file, OpenRegularFile(path));
  return Map(file.get());
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::ReleasePages() const {
  if (data_ != nullptr) madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

Result<FileDescriptor> OpenForReading(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, fmt::format("cannot open {}", path));
  return FileDescriptor(descriptor);
}

Result<FileDescriptor> OpenRegularFile(const std::string& path) {
  // O_NONBLOCK: opening a pipe without a writer would wait for ever, before fstat could refuse it.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return ErrnoStatus(errno, fmt::format("cannot open {}", path));
  FileDescriptor file(descriptor);
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return ErrnoStatus(errno, fmt::format("cannot stat {}", path));
  if (S_ISDIR(status.st_mode)) return InvalidArgument(fmt::format("{} is a directory", path));
  if (!S_ISREG(status.st_mode))
    return InvalidArgument(fmt::format("{} is not a regular file", path));
  return file;
}

Result<std::uint64_t> FileSize(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return ErrnoStatus(errno, "cannot stat a file");
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> ReadAll(int descriptor, std::size_t max_bytes) {
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot read");
    if (count == 0) return content;
    if (content.size() + static_cast<std::size_t>(count) > max_bytes) {
      return ResourceExhausted(fmt::format("more than {} bytes", max_bytes));
    }
    content.append(buffer, static_cast<std::size_t>(count));
  }
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  SLIPWAY_TRY(const FileDescriptor file, OpenForReading(path));
  Result<std::string> content = ReadAll(file.get(), max_bytes);
  if (!content.ok()) return std::move(content).status().At(path);
  return content;
}

Status WriteAll(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<AtomicFile> AtomicFile::Create(const std::string& path, unsigned mode) {
  // Renaming over /dev/null would succeed, for root, and leave the machine without it.
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return InvalidArgument(fmt::format("{} is a device or a pipe, not a file", path));
  }
  static std::atomic<unsigned> counter{0};
  std::string temporary =
      fmt::format("{}.{}.{}.tmp", path, getpid(), counter.fetch_add(1, std::memory_order_relaxed));
  NoteUnfinished(temporary);
  const int descriptor =
      open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
  if (descriptor < 0) {
    const int error = errno;
    ForgetUnfinished(temporary);
    return ErrnoStatus(error, fmt::format("cannot create {}", path));
  }
  return AtomicFile(FileDescriptor(descriptor), path, std::move(temporary));
}

AtomicFile::~AtomicFile() {
  if (!file_.valid()) return;
  unlink(temporary_path_.c_str());
  ForgetUnfinished(temporary_path_);
}

Status AtomicFile::Commit() {
  if (fsync(file_.get()) != 0) return ErrnoStatus(errno, fmt::format("cannot sync {}", path_));
  SLIPWAY_RETURN_IF_ERROR(RenameFinished(temporary_path_, path_));
  file_.Close();
  return SyncDirectory(std::filesystem::path(path_).parent_path().string());
}

Status WriteFileAtomically(const std::string& path, std::span<const std::byte> content,
                           unsigned mode) {
  SLIPWAY_TRY(AtomicFile file, AtomicFile::Create(path, mode));
  if (Status status = file.Write(content); !status.ok()) return std::move(status).At(path);
  return file.Commit();
}

Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode) {
  return WriteFileAtomically(path, std::as_bytes(std::span(content)), mode);
}

Status SyncDirectory(const std::string& path) {
  const std::string folder = path.empty() ? "." : path;
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, fmt::format("cannot open {}", folder));
  const FileDescriptor directory(descriptor);
  if (fsync(descriptor) != 0) return ErrnoStatus(errno, fmt::format("cannot sync {}", folder));
  return {};
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("cannot create directory {}", path));
  return {};
}

Result<TemporaryDirectory> TemporaryDirectory::Create(std::string_view prefix, std::string parent) {
  if (parent.empty()) {
    const char* configured = std::getenv("TMPDIR");
    parent = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  }
  SLIPWAY_TRY(std::string path,
              MakeUnfinishedDirectory(fmt::format("{}/{}XXXXXX", parent, prefix)));
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  ForgetUnfinished(path_);
}

}  // namespace slipway
