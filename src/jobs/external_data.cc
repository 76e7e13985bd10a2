#include "jobs/external_data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "graph/onnx_file.h"
#include "jobs/external_tensors.h"

namespace slipway::jobs {

namespace {

Status Forbidden(std::string_view what) {
  return PermissionDenied(fmt::format("external data {}", what))
      .With(errors::kForbiddenContent)
      .Hint("external data must be plain files in the model's own folder");
}

Status OpenStatus(int error_number) {
  if (error_number == EXDEV || error_number == ELOOP)
    return Forbidden("leave the model's folder or are a link");
  if (error_number == ENOENT) {
    return DataLoss("a file with external data is missing")
        .With(errors::kCorruptModelFile)
        .Hint("keep the model and its data files in one folder");
  }
  return ErrnoStatus(error_number, "cannot open external data");
}

Result<FileDescriptor> OpenBeneath(int folder, const std::string& location) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  FileDescriptor file(
      static_cast<int>(syscall(SYS_openat2, folder, location.c_str(), &how, sizeof how)));
  if (!file.valid()) return OpenStatus(errno);
  struct stat status;
  if (fstat(file.get(), &status) != 0) return ErrnoStatus(errno, "cannot stat external data");
  if (!S_ISREG(status.st_mode)) return Forbidden("are not a regular file");
  if (status.st_nlink != 1) return Forbidden("have a second name (a hard link)");
  return file;
}

/// Moves tensors one by one; keeps the last file mapped, because a model's tensors mostly share
/// one.
class Copier {
 public:
  Copier(FileDescriptor folder, std::string weights_location, int weights_descriptor)
      : folder_(std::move(folder)),
        weights_location_(std::move(weights_location)),
        sink_(graph::MakeFileSink(weights_descriptor, weights_location_)) {}

  Status Copy(graph::Tensor& tensor) {
    graph::ExternalData& place = *tensor.external;
    if (place.location == weights_location_) return {};
    Status status = CopyFrom(place);
    if (status.ok()) return {};
    return std::move(status)
        .At(fmt::format("tensor {}", Printable(tensor.name)))
        .At(Printable(place.location));
  }

 private:
  Status CopyFrom(graph::ExternalData& place) {
    if (mapped_location_ != place.location) {
      SLIPWAY_TRY(const FileDescriptor file, OpenBeneath(folder_.get(), place.location));
      SLIPWAY_TRY(mapped_, MappedFile::Map(file.get()));
      mapped_location_ = place.location;
    }
    const std::uint64_t size = mapped_.bytes().size();
    const std::uint64_t length = place.length.value_or(size - std::min(size, place.offset));
    const auto end = CheckedAdd(place.offset, length);
    if (!end || *end > size) {
      return DataLoss(fmt::format("bytes {} to {} are needed, the file has {}", place.offset,
                                  place.offset + length, size))
          .With(errors::kCorruptModelFile);
    }
    SLIPWAY_TRY(place, sink_->Put(mapped_.bytes().subspan(place.offset, length)));
    return {};
  }

  FileDescriptor folder_;
  std::string weights_location_;
  std::unique_ptr<graph::WeightSink> sink_;
  std::string mapped_location_;
  MappedFile mapped_;
};

}  // namespace

Status CopyExternalData(graph::Model& model, const std::string& weights_location,
                        const SourceFile& source, int weights_descriptor) {
  FileDescriptor folder(open(source.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return ErrnoStatus(errno, fmt::format("cannot open {}", source.folder));
  Copier copier(std::move(folder), weights_location, weights_descriptor);
  return ForEachExternalTensor(model, [&](graph::Tensor& tensor) { return copier.Copy(tensor); });
}

}  // namespace slipway::jobs
