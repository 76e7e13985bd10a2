#include "jobs/external_data.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "graph/external_file.h"
#include "graph/onnx_file.h"
#include "graph/tensor_bytes.h"
#include "jobs/external_tensors.h"

namespace slipway::jobs {

namespace {

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
    Status status = CopyFrom(place, graph::PackedSize(tensor.dtype, tensor.dims).value_or(0));
    if (status.ok()) return {};
    return std::move(status)
        .At(fmt::format("tensor {}", Printable(tensor.name)))
        .At(Printable(place.location));
  }

 private:
  /// Tensors that share their bytes share the copy: a small file cannot ask for a large one.
  Status CopyFrom(graph::ExternalData& place, std::uint64_t size) {
    if (mapped_location_ != place.location) {
      SLIPWAY_TRY(const FileDescriptor file, graph::OpenBeneath(folder_.get(), place.location));
      SLIPWAY_TRY(mapped_, MappedFile::Map(file.get()));
      mapped_location_ = place.location;
    }
    const auto [copied, is_new] = copied_.try_emplace({place.location, place.offset, size});
    if (is_new) {
      SLIPWAY_TRY(const auto bytes, graph::PartOf(mapped_, place, size));
      SLIPWAY_TRY(copied->second, sink_->Put(bytes));
      mapped_.ReleasePages();
    }
    place = copied->second;
    return {};
  }

  FileDescriptor folder_;
  std::string weights_location_;
  std::unique_ptr<graph::WeightSink> sink_;
  std::string mapped_location_;
  MappedFile mapped_;
  std::map<std::tuple<std::string, std::uint64_t, std::uint64_t>, graph::ExternalData> copied_;
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
