#include "base/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace slipway {
namespace {

constexpr std::size_t kPipePiece = 4096;  // what a pipe takes whole or not at all
constexpr int kPatienceMilliseconds = 100;

Result<FileDescriptor> OpenToAppend(const std::string& path) {
  // Not waiting: a pipe that nobody reads must not stop a server.
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
  if (file.valid()) return file;
  return ErrnoStatus(errno, fmt::format("cannot open {}", path));
}

bool IsRegular(int descriptor) {
  struct stat facts{};
  return fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// Whole lines of at most a pipe's piece; a longer line goes as it is.
std::string_view FirstPiece(std::string_view lines) {
  if (lines.size() <= kPipePiece) return lines;
  const std::size_t end = lines.rfind('\n', kPipePiece - 1);
  return end == std::string_view::npos ? lines : lines.substr(0, end + 1);
}

}  // namespace

Result<LineFile> LineFile::Open(std::string path, std::uint64_t max_bytes) {
  LineFile file(path, path, max_bytes, {});
  SLIPWAY_RETURN_IF_ERROR(file.OpenAgain());
  return file;
}

Result<LineFile> LineFile::StandardOutput() {
  FileDescriptor own(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) return ErrnoStatus(errno, "cannot write to standard output");
  LineFile file("standard output", "", 0, std::move(own));
  file.is_regular_ = IsRegular(file.file_.get());
  return file;
}

LineFile::Written LineFile::Append(std::string_view lines) {
  Written written;
  if (written.status = FollowName(); !written.status.ok()) return written;
  if (within_line_) {
    written.status = WriteSome("\n").status;
    if (!written.status.ok()) return written;
    within_line_ = false;
  }
  while (written.bytes < lines.size()) {
    const std::string_view rest = lines.substr(written.bytes);
    Written piece = WriteSome(is_regular_ ? rest : FirstPiece(rest));
    written.bytes += piece.bytes;
    if (piece.status.ok()) continue;
    within_line_ = written.bytes > 0 && lines[written.bytes - 1] != '\n';
    written.status = std::move(piece.status);
    return written;
  }
  return written;
}

LineFile::Written LineFile::WriteSome(std::string_view piece) {
  if (!is_regular_) {
    pollfd wish{.fd = file_.get(), .events = POLLOUT, .revents = 0};
    if (poll(&wish, 1, kPatienceMilliseconds) == 0)
      return {0, Unavailable(fmt::format("nobody reads {}", name_))};
  }
  const ssize_t count = write(file_.get(), piece.data(), piece.size());
  if (count == static_cast<ssize_t>(piece.size())) return {piece.size(), {}};
  const int error = count < 0 ? errno : ENOSPC;
  return {static_cast<std::size_t>(std::max<ssize_t>(count, 0)),
          ErrnoStatus(error, fmt::format("cannot write to {}", name_))};
}

/// Whoever rotates logs has given the file another name, or it is long enough: the next line begins
/// a new one.
Status LineFile::FollowName() {
  if (path_.empty()) return {};
  struct stat named{};
  struct stat opened{};
  const bool is_same = stat(path_.c_str(), &named) == 0 && fstat(file_.get(), &opened) == 0 &&
                       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
  if (!is_same) return OpenAgain();
  const bool is_full =
      max_bytes_ > 0 && is_regular_ && static_cast<std::uint64_t>(opened.st_size) >= max_bytes_;
  if (!is_full) return {};
  if (std::rename(path_.c_str(), (path_ + ".1").c_str()) != 0)
    return ErrnoStatus(errno, fmt::format("cannot rename {}", path_));
  return OpenAgain();
}

Status LineFile::OpenAgain() {
  SLIPWAY_TRY(file_, OpenToAppend(path_));
  is_regular_ = IsRegular(file_.get());
  within_line_ = false;
  return {};
}

}  // namespace slipway
