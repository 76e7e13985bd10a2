#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "package/manifest.h"

namespace slipway::jobs {

/// The weights of a conversion under way: a file in the work folder that goes away with this object
/// unless it was kept.
class WeightsFile {
 public:
  /// The folder must exist. The file is open to append.
  static Result<WeightsFile> Create(const std::string& folder);
  WeightsFile(WeightsFile&&) noexcept = default;
  WeightsFile& operator=(WeightsFile&&) = delete;
  ~WeightsFile();

  int descriptor() const { return file_.get(); }
  const std::string& path() const { return path_; }

  /// Names the file by its digest, as packages and the ONNX files beside it do. nullopt: there are
  /// no weights.
  Result<std::optional<package::Blob>> Seal();
  /// Leaves the file where path() says; without weights there is none and path() is empty.
  std::string Keep() &&;

 private:
  WeightsFile(std::string folder, std::string path, FileDescriptor file)
      : folder_(std::move(folder)), path_(std::move(path)), file_(std::move(file)) {}
  std::string folder_;
  std::string path_;
  FileDescriptor file_;
};

}  // namespace slipway::jobs
