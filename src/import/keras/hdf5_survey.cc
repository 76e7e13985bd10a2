#include "import/keras/hdf5_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/text.h"
#include "import/keras/hdf5_handle.h"

namespace slipway::import::keras {

namespace {

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}
Status Forbidden(std::string message) {
  return PermissionDenied(std::move(message)).With(errors::kForbiddenContent);
}
Status Limit(std::string message) {
  return ResourceExhausted(std::move(message)).With(errors::kImportLimit);
}

struct Link {
  std::string name;
  H5L_type_t type;
};

/// A message inside a file of hostile names: short, and printable.
std::string Named(std::string_view kind, std::string_view path) {
  return fmt::format("{} {}", kind, JsonQuoted(path.substr(0, 64)));
}

struct LinkList {
  std::vector<Link> links;
  std::size_t limit;
};

herr_t CollectLink(hid_t /*group*/, const char* name, const H5L_info_t* info, void* list) {
  auto& collected = *static_cast<LinkList*>(list);
  if (collected.links.size() >= collected.limit) return -1;
  collected.links.push_back({name, info->type});
  return 0;
}

class Survey {
 public:
  Survey(std::span<const std::byte> bytes, const Hdf5Limits& limits)
      : bytes_(bytes), limits_(limits) {}

  Status WalkGroup(hid_t group, const std::string& path, std::size_t depth);
  Hdf5Contents Take() { return std::move(contents_); }

 private:
  Status Visit(hid_t group, const Link& link, const std::string& path, std::size_t depth);
  Status EnterGroup(hid_t group, const std::string& path, haddr_t address, std::size_t depth);
  Status AddDataset(hid_t dataset, const std::string& path);
  Status CheckCreation(hid_t dataset, const std::string& path) const;
  Status CheckFilters(hid_t creation, const std::string& path) const;
  Status PlaceContiguous(hid_t dataset, hid_t type, std::uint64_t size, Hdf5Dataset& found);
  Status CountPacked(hid_t creation, std::uint64_t size, const Hdf5Dataset& found,
                     std::size_t element);

  std::span<const std::byte> bytes_;
  const Hdf5Limits& limits_;
  Hdf5Contents contents_;
  std::vector<haddr_t> entered_;  ///< the groups from the root to here
  std::size_t objects_ = 0;
  std::uint64_t packed_bytes_ = 0;
};

Status Survey::WalkGroup(hid_t group, const std::string& path, std::size_t depth) {
  if (depth > limits_.max_nesting) {
    return Limit(fmt::format("groups are nested deeper than {}", limits_.max_nesting));
  }
  contents_.groups.emplace(path, true);
  LinkList list{.links = {}, .limit = limits_.max_objects - objects_};
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, CollectLink, &list) < 0) {
    if (list.links.size() >= list.limit) {
      return Limit(fmt::format("more than {} objects", limits_.max_objects));
    }
    return Corrupt(Named("the links cannot be read of group", path));
  }
  objects_ += list.links.size();
  for (const Link& link : list.links) {
    SLIPWAY_RETURN_IF_ERROR(
        Visit(group, link, path.empty() ? link.name : path + "/" + link.name, depth));
  }
  return {};
}

Status Survey::Visit(hid_t group, const Link& link, const std::string& path, std::size_t depth) {
  if (link.type == H5L_TYPE_EXTERNAL) {
    return Forbidden(Named("a link to another file:", path))
        .Hint("copy the linked data into this file");
  }
  if (link.type != H5L_TYPE_HARD) {
    return Forbidden(Named("a symbolic link:", path))
        .Hint("Keras writes none; save the model with Keras again");
  }
  const Hdf5Handle object(H5Oopen(group, link.name.c_str(), H5P_DEFAULT), H5Oclose);
  H5O_info_t info;
  if (!object.valid() || H5Oget_info2(object.get(), &info, H5O_INFO_BASIC) < 0) {
    return Corrupt(Named("cannot be opened: object", path));
  }
  if (info.type == H5O_TYPE_GROUP) return EnterGroup(object.get(), path, info.addr, depth);
  if (info.type == H5O_TYPE_DATASET) return AddDataset(object.get(), path);
  return {};  // a named type: nothing of a model's
}

Status Survey::EnterGroup(hid_t group, const std::string& path, haddr_t address,
                          std::size_t depth) {
  if (std::ranges::find(entered_, address) != entered_.end()) {
    return Forbidden(Named("a group that contains itself:", path));
  }
  entered_.push_back(address);
  Status walked = WalkGroup(group, path, depth + 1);
  entered_.pop_back();
  return walked;
}

Status Survey::CheckFilters(hid_t creation, const std::string& path) const {
  static constexpr H5Z_filter_t kKnown[] = {H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE,
                                            H5Z_FILTER_FLETCHER32};
  const int count = H5Pget_nfilters(creation);
  if (count > 32) return Forbidden(Named("too many filters on dataset", path));
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values,
                                               nullptr, 0, nullptr, nullptr);
    if (std::ranges::find(kKnown, filter) == std::end(kKnown)) {
      return Forbidden(Named(fmt::format("filter {} on dataset", filter), path))
          .Hint("only deflate, shuffle and fletcher32 are read; repack the file with h5repack");
    }
  }
  return {};
}

Status Survey::CheckCreation(hid_t dataset, const std::string& path) const {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (!creation.valid()) return Corrupt(Named("no layout: dataset", path));
  if (H5Pget_layout(creation.get()) == H5D_VIRTUAL) {
    return Forbidden(Named("a virtual dataset:", path))
        .Hint("copy the data of its sources into this file");
  }
  if (H5Pget_external_count(creation.get()) > 0) {
    return Forbidden(Named("a dataset stored in another file:", path))
        .Hint("copy the data into this file");
  }
  return CheckFilters(creation.get(), path);
}

Hdf5Dataset::Kind KindOf(hid_t dataset, hid_t type) {
  const H5T_class_t number = H5Tget_class(type);
  const bool two_bytes = H5Tget_size(type) == 2;
  // Keras marks bfloat16, which HDF5 has no type for; h5py writes it as two opaque bytes.
  if (two_bytes && (number == H5T_OPAQUE || number == H5T_INTEGER) &&
      H5Aexists(dataset, "dtype") > 0) {
    return Hdf5Dataset::Kind::kBFloat16;
  }
  if (number == H5T_FLOAT || number == H5T_INTEGER || number == H5T_ENUM) {
    return Hdf5Dataset::Kind::kNumbers;
  }
  return Hdf5Dataset::Kind::kOther;
}

Status Survey::PlaceContiguous(hid_t dataset, hid_t type, std::uint64_t size, Hdf5Dataset& found) {
  if (size == 0) return {};
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) {
    return Corrupt(Named(fmt::format("{} declared and nothing stored: dataset", HumanBytes(size)),
                         found.path));
  }
  if (offset > bytes_.size() || size > bytes_.size() - offset) {
    return Corrupt(Named(
        fmt::format("{} declared where {} are left: dataset", HumanBytes(size),
                    HumanBytes(bytes_.size() - std::min<std::uint64_t>(offset, bytes_.size()))),
        found.path));
  }
  if (H5Tequal(type, H5T_IEEE_F32LE) > 0) found.floats = bytes_.subspan(offset, size);
  return {};
}

Status Survey::CountPacked(hid_t creation, std::uint64_t size, const Hdf5Dataset& found,
                           std::size_t element) {
  packed_bytes_ += size;
  const std::uint64_t allowed = limits_.free_inflated_bytes + limits_.max_inflation * bytes_.size();
  if (size > allowed || packed_bytes_ > allowed) {
    return Limit(Named(fmt::format("{} declared in a file of {}: dataset", HumanBytes(size),
                                   HumanBytes(bytes_.size())),
                       found.path));
  }
  hsize_t chunk[H5S_MAX_RANK] = {};
  if (H5Pget_layout(creation) != H5D_CHUNKED) return {};
  const int rank = H5Pget_chunk(creation, H5S_MAX_RANK, chunk);
  if (rank != static_cast<int>(found.dims.size())) {
    return Corrupt(Named("a broken chunk layout: dataset", found.path));
  }
  std::uint64_t chunks = 1;
  std::uint64_t chunk_bytes = element;
  for (int axis = 0; axis < rank; ++axis) {
    if (chunk[axis] == 0) return Corrupt(Named("chunks of size 0: dataset", found.path));
    chunks *= (static_cast<std::uint64_t>(found.dims[axis]) + chunk[axis] - 1) / chunk[axis];
    const auto bytes = CheckedMul<std::uint64_t>(chunk_bytes, chunk[axis]);
    if (!bytes || *bytes > allowed) return Limit(Named("too large chunks: dataset", found.path));
    chunk_bytes = *bytes;
  }
  if (chunks > limits_.max_chunks) {
    return Limit(Named(fmt::format("{} chunks: dataset", chunks), found.path));
  }
  return {};
}

Status Survey::AddDataset(hid_t dataset, const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(CheckCreation(dataset, path));
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  const int rank = space.valid() ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (!type.valid() || !creation.valid() || rank < 0) {
    return Corrupt(Named("no type or no shape: dataset", path));
  }
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
  Hdf5Dataset found{.path = path,
                    .dims = std::vector<std::int64_t>(dims.begin(), dims.end()),
                    .kind = KindOf(dataset, type.get()),
                    .floats = {}};
  const std::size_t element = H5Tget_size(type.get());
  const auto count = CheckedProduct(found.dims);
  const auto size = count ? CheckedMul<std::uint64_t>(*count, element) : std::nullopt;
  if (!size) return Limit(Named("a shape too large for any memory: dataset", path));
  SLIPWAY_RETURN_IF_ERROR(H5Pget_layout(creation.get()) == H5D_CONTIGUOUS
                              ? PlaceContiguous(dataset, type.get(), *size, found)
                              : CountPacked(creation.get(), *size, found, element));
  contents_.datasets.emplace(path, std::move(found));
  return {};
}

}  // namespace

Result<Hdf5Contents> SurveyHdf5(hid_t file, std::span<const std::byte> bytes,
                                const Hdf5Limits& limits) {
  const Hdf5Handle root(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose);
  if (!root.valid()) return Corrupt("the root group cannot be opened");
  Survey survey(bytes, limits);
  SLIPWAY_RETURN_IF_ERROR(survey.WalkGroup(root.get(), "", 0));
  return survey.Take();
}

}  // namespace slipway::import::keras
