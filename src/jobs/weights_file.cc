#include "jobs/weights_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/sha256.h"

namespace slipway::jobs {

Result<WeightsFile> WeightsFile::Create(const std::string& folder) {
  std::string path = fmt::format("{}/weights-XXXXXX", folder);
  FileDescriptor file(mkostemp(path.data(), O_APPEND | O_CLOEXEC));
  if (!file.valid()) return ErrnoStatus(errno, fmt::format("cannot create a file in {}", folder));
  return WeightsFile(folder, std::move(path), std::move(file));
}

WeightsFile::~WeightsFile() {
  if (file_.valid() && !path_.empty()) unlink(path_.c_str());
}

Result<std::optional<package::Blob>> WeightsFile::Seal() {
  SLIPWAY_TRY(const std::uint64_t size, FileSize(file_.get()));
  if (size == 0) {
    unlink(std::exchange(path_, {}).c_str());
    return std::optional<package::Blob>();
  }
  SLIPWAY_TRY(const Digest digest, Sha256OfFile(file_.get()));
  const std::string sealed = fmt::format("{}/{}", folder_, digest.Hex());
  if (rename(path_.c_str(), sealed.c_str()) != 0)
    return ErrnoStatus(errno, fmt::format("cannot rename to {}", sealed));
  path_ = sealed;
  return std::optional(package::Blob{digest, size});
}

std::string WeightsFile::Keep() && {
  file_.Close();
  return path_;
}

}  // namespace slipway::jobs
