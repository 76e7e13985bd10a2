#include "import/keras/hdf5_file.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <bit>
#include <cstring>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "import/keras/hdf5_handle.h"
#include "import/keras/hdf5_mapping_driver.h"
#include "import/keras/hdf5_survey.h"

namespace slipway::import::keras {

namespace {

static_assert(std::endian::native == std::endian::little, "weights are borrowed as they lie");

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}

/// The strings of an attribute, of fixed or variable length.
Result<std::vector<std::string>> ReadStrings(hid_t attribute, hid_t type, std::size_t count,
                                             std::uint64_t max_bytes) {
  std::vector<std::string> strings;
  if (H5Tis_variable_str(type) > 0) {
    if (count * sizeof(char*) > max_bytes) return Corrupt("an attribute with too many strings");
    std::vector<char*> pointers(count, nullptr);
    if (H5Aread(attribute, type, pointers.data()) < 0) return Corrupt("an unreadable attribute");
    for (char* text : pointers) {
      strings.emplace_back(text == nullptr ? "" : text);
      H5free_memory(text);
    }
    return strings;
  }
  const std::size_t width = H5Tget_size(type);
  const auto size = CheckedMul<std::uint64_t>(width, count);
  if (!size || *size > max_bytes) {
    return ResourceExhausted("an attribute that is too large").With(errors::kImportLimit);
  }
  std::string text(*size, '\0');
  if (H5Aread(attribute, type, text.data()) < 0) return Corrupt("an unreadable attribute");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view padded = std::string_view(text).substr(i * width, width);
    strings.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return strings;
}

/// nullopt: there is no such attribute. Numbers (an empty list) come back as no strings.
Result<std::optional<std::vector<std::string>>> ReadAttribute(hid_t object, const std::string& name,
                                                              std::uint64_t max_bytes) {
  using Found = std::optional<std::vector<std::string>>;
  if (H5Aexists(object, name.c_str()) <= 0) return Found();
  const Hdf5Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute.valid()) return Corrupt("an unreadable attribute").At(name);
  const Hdf5Handle type(H5Aget_type(attribute.get()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.get()), H5Sclose);
  if (!type.valid() || !space.valid()) return Corrupt("an unreadable attribute").At(name);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count <= 0 || H5Tget_class(type.get()) != H5T_STRING) {
    return Found(std::vector<std::string>{});
  }
  Result<std::vector<std::string>> strings =
      ReadStrings(attribute.get(), type.get(), static_cast<std::size_t>(count), max_bytes);
  if (!strings.ok()) return std::move(strings).status().At(name);
  return Found(std::move(strings).value());
}

}  // namespace

struct Hdf5File::Library {
  Hdf5Handle file;
  Hdf5Limits limits;
};

Hdf5File::Hdf5File() = default;
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() = default;

Result<Hdf5File> Hdf5File::Open(std::span<const std::byte> bytes,
                                std::shared_ptr<const void> keeper, const Hdf5Limits& limits) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);  // a file must not name code that is then loaded
  Hdf5Handle file(OpenMappedHdf5(bytes), H5Fclose);
  if (!file.valid()) return Corrupt("the HDF5 structure is damaged or cut short");
  SLIPWAY_TRY(Hdf5Contents contents, SurveyHdf5(file.get(), bytes, limits));
  Hdf5File opened;
  opened.library_ = std::make_unique<Library>(Library{std::move(file), limits});
  opened.keeper_ = std::move(keeper);
  opened.datasets_ = std::move(contents.datasets);
  opened.groups_ = std::move(contents.groups);
  return opened;
}

const Hdf5Dataset* Hdf5File::Find(std::string_view path) const {
  const auto found = datasets_.find(path);
  return found == datasets_.end() ? nullptr : &found->second;
}

bool Hdf5File::HasGroup(std::string_view path) const { return groups_.contains(path); }

Result<std::optional<std::vector<std::string>>> Hdf5File::ListAttribute(
    std::string_view group, const std::string& name) const {
  using Found = std::optional<std::vector<std::string>>;
  if (!HasGroup(group)) return Found();
  const std::string path = "/" + std::string(group);
  const Hdf5Handle opened(H5Gopen2(library_->file.get(), path.c_str(), H5P_DEFAULT), H5Gclose);
  if (!opened.valid()) return Corrupt("a group that cannot be opened").At(path);
  const std::uint64_t max_bytes = library_->limits.max_attribute_bytes;
  SLIPWAY_TRY(Found whole, ReadAttribute(opened.get(), name, max_bytes));
  if (whole) return whole;
  // Above 64,512 bytes Keras splits an attribute into name0, name1, ...
  Found pieces;
  std::uint64_t bytes = 0;
  for (int i = 0;; ++i) {
    SLIPWAY_TRY(Found piece, ReadAttribute(opened.get(), fmt::format("{}{}", name, i), max_bytes));
    if (!piece) return pieces;
    if (!pieces) pieces.emplace();
    for (std::string& text : *piece) {
      bytes += text.size();
      pieces->push_back(std::move(text));
    }
    if (bytes > max_bytes) {
      return ResourceExhausted("an attribute that is too large")
          .With(errors::kImportLimit)
          .At(name);
    }
  }
}

Result<std::optional<std::string>> Hdf5File::TextAttribute(std::string_view group,
                                                           const std::string& name) const {
  SLIPWAY_TRY(const std::optional<std::vector<std::string>> pieces, ListAttribute(group, name));
  if (!pieces || pieces->empty()) return std::optional<std::string>();
  std::string text;
  for (const std::string& piece : *pieces) text += piece;
  return std::optional<std::string>(std::move(text));
}

Result<graph::Bytes> Hdf5File::ReadFloats(const Hdf5Dataset& dataset) const {
  if (!dataset.floats.empty()) return graph::Bytes(dataset.floats, keeper_);
  if (dataset.kind == Hdf5Dataset::Kind::kOther) {
    return Corrupt("a weight that is not made of numbers").At(dataset.path);
  }
  const std::size_t count = CheckedProduct(dataset.dims).value_or(0);
  std::string floats(count * sizeof(float), '\0');
  if (count == 0) return graph::Bytes(std::move(floats));
  const Hdf5Handle opened(H5Dopen2(library_->file.get(), ("/" + dataset.path).c_str(), H5P_DEFAULT),
                          H5Dclose);
  if (!opened.valid()) return Corrupt("a dataset that cannot be opened").At(dataset.path);
  if (dataset.kind == Hdf5Dataset::Kind::kNumbers) {
    if (H5Dread(opened.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, floats.data()) < 0) {
      return Corrupt("a dataset that cannot be read").At(dataset.path);
    }
    return graph::Bytes(std::move(floats));
  }
  const Hdf5Handle stored(H5Dget_type(opened.get()), H5Tclose);
  std::vector<std::uint16_t> halves(count);
  if (H5Dread(opened.get(), stored.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, halves.data()) < 0) {
    return Corrupt("a dataset that cannot be read").At(dataset.path);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t wide = std::uint32_t{halves[i]} << 16;
    std::memcpy(floats.data() + i * sizeof(float), &wide, sizeof(wide));
  }
  return graph::Bytes(std::move(floats));
}

bool IsHdf5(std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at + kSignature.size() <= bytes.size(); at = at == 0 ? 512 : at * 2) {
    if (std::memcmp(bytes.data() + at, kSignature.data(), kSignature.size()) == 0) return true;
  }
  return false;
}

}  // namespace slipway::import::keras
