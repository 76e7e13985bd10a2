#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/status.h"

namespace slipway {

/// A file that whole lines are appended to, as logs are; its owner alone reads it. A file that was
/// renamed or removed is followed by a new one of its name, and one that has reached its bound is
/// renamed to PATH.1, in the place of the one before. A reader of a pipe who does not read is not
/// waited for longer than 100 ms. Not thread-safe; movable.
class LineFile {
 public:
  /// `max_bytes` 0: of any size. Also what opening a file may say.
  static Result<LineFile> Open(std::string path, std::uint64_t max_bytes = 0);
  /// Standard output.
  static Result<LineFile> StandardOutput();

  struct Written {
    std::size_t bytes = 0;  ///< all of them if the status is ok
    Status status;
  };
  /// `lines`: whole ones, each with its end. Where a disk was full within a line, the next call
  /// ends that line first.
  Written Append(std::string_view lines);

  /// "standard output", or the file.
  const std::string& name() const { return name_; }

 private:
  LineFile(std::string name, std::string path, std::uint64_t max_bytes, FileDescriptor file)
      : name_(std::move(name)),
        path_(std::move(path)),
        max_bytes_(max_bytes),
        file_(std::move(file)) {}
  Status FollowName();
  Status OpenAgain();
  Written WriteSome(std::string_view piece);

  std::string name_;
  std::string path_;  ///< empty: standard output
  std::uint64_t max_bytes_ = 0;
  FileDescriptor file_;
  bool is_regular_ = false;
  bool within_line_ = false;  ///< the last one was cut by the file's end
};

}  // namespace slipway
