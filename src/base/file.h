#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

/// Owns a file descriptor. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { Close(); }

  int get() const { return descriptor_; }
  bool valid() const { return descriptor_ >= 0; }
  int Release();
  void Close();

 private:
  int descriptor_ = -1;
};

/// A file, or a part of one, mapped read-only. Move-only; the bytes live as long as this object.
class MappedFile {
 public:
  MappedFile() = default;
  /// Maps the whole regular file behind `descriptor`, which may be closed afterwards. An empty file
  /// maps to an empty span.
  static Result<MappedFile> Map(int descriptor);
  static Result<MappedFile> Open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

  /// Gives back the memory that reading took; pages come back from the file when they are touched
  /// again. Other threads may be reading meanwhile.
  void ReleasePages() const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// open(2) with O_CLOEXEC, errors naming the path.
Result<FileDescriptor> OpenForReading(const std::string& path);
/// The same for a regular file only: NotFound, InvalidArgument for a directory, device or pipe.
Result<FileDescriptor> OpenRegularFile(const std::string& path);

Result<std::uint64_t> FileSize(int descriptor);

/// The whole content, at most `max_bytes` (ResourceExhausted beyond).
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes = std::size_t{1} << 32);
/// The rest of a pipe, socket or file up to its end, at most `max_bytes` (ResourceExhausted
/// beyond).
Result<std::string> ReadAll(int descriptor, std::size_t max_bytes);
Status WriteAll(int descriptor, std::span<const std::byte> bytes);

/// Replaces `path` whole or not at all, and durably: temporary file beside it, fsync, rename, fsync
/// of the directory. On any error the old file stands and the temporary one is gone. `mode` as for
/// open(2), before the umask.
Status WriteFileAtomically(const std::string& path, std::span<const std::byte> content,
                           unsigned mode = 0666);
Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode = 0666);

/// A file being written that appears under its name only by Commit(); dropped without it, it leaves
/// nothing behind.
class AtomicFile {
 public:
  /// InvalidArgument: `path` is a device or a pipe, which a rename would replace.
  static Result<AtomicFile> Create(const std::string& path, unsigned mode = 0666);
  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) noexcept = default;
  ~AtomicFile();

  int descriptor() const { return file_.get(); }
  const std::string& temporary_path() const { return temporary_path_; }
  Status Write(std::span<const std::byte> bytes) { return WriteAll(file_.get(), bytes); }
  Status Write(std::string_view text) { return Write(std::as_bytes(std::span(text))); }
  /// fsync, rename, fsync of the directory. Once only.
  Status Commit();

 private:
  AtomicFile(FileDescriptor file, std::string path, std::string temporary_path)
      : file_(std::move(file)),
        path_(std::move(path)),
        temporary_path_(std::move(temporary_path)) {}
  FileDescriptor file_;
  std::string path_;
  std::string temporary_path_;
};

/// fsync of a directory, which makes renames in it durable.
Status SyncDirectory(const std::string& path);
/// mkdir -p.
Status MakeDirectories(const std::string& path);

/// A fresh directory under $TMPDIR (or `parent`), removed with all it holds when this object goes.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> Create(std::string_view prefix, std::string parent = "");
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace slipway
