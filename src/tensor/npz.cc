#include "tensor/npz.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"

namespace slipway {

namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr std::uint64_t kRatioApplies = std::uint64_t{64} << 20;
/// No deflate stream inflates by more than this (1032), so a larger claim is a lie that need not be
/// tried.
constexpr std::uint64_t kMaxDeflateRatio = 1100;
/// An end-of-directory record and nothing before it.
constexpr std::string_view kEmptyArchive("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
constexpr zip_uint16_t kDosDay19800101 = (1 << 5) | 1;
/// Numbers of models hardly compress; the fastest level finds what there is.
constexpr zip_uint32_t kDeflateLevel = 1;

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

std::string ErrorText(zip_error_t* error) {
  std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  return text;
}

Result<Archive> OpenArchive(Source source, int flags) {
  zip_error_t error;
  zip_error_init(&error);
  zip_t* archive = zip_open_from_source(source.get(), flags, &error);
  if (archive == nullptr) {
    return DataLoss(fmt::format("not a readable .npz (zip) file: {}", ErrorText(&error)));
  }
  static_cast<void>(source.release());  // the archive owns it from now on
  zip_error_fini(&error);
  return Archive(archive);
}

/// libzip takes an empty file for an archive yet to be filled.
Status CheckSize(std::uint64_t bytes) {
  if (bytes >= kEmptyArchive.size()) return {};
  return DataLoss(fmt::format("not a .npz (zip) file: {} bytes long", bytes));
}

Status TooLarge(std::string message) {
  return ResourceExhausted(std::move(message)).With(errors::kImportLimit);
}

/// Refuses a member by what the directory says of it, before a byte is read or allocated.
Status CheckMember(const zip_stat_t& member, std::uint64_t inflated_before,
                   const NpzLimits& limits) {
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                   ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((member.valid & kNeeded) != kNeeded) return DataLoss("the zip directory is incomplete");
  if (member.encryption_method != ZIP_EM_NONE) return Unimplemented("the member is encrypted");
  if (member.comp_method != ZIP_CM_STORE && member.comp_method != ZIP_CM_DEFLATE) {
    return Unimplemented(
        fmt::format("compression method {}; stored and deflated are read", member.comp_method));
  }
  if (member.size > limits.max_bytes - inflated_before) {
    return TooLarge(
        fmt::format("the arrays inflate to more than the limit of {} bytes", limits.max_bytes));
  }
  const std::uint64_t ratio = member.size / std::max<std::uint64_t>(member.comp_size, 1);
  if (member.size > kRatioApplies && ratio > limits.max_ratio) {
    return TooLarge(fmt::format("{} bytes inflate to {}, more than {} times", member.comp_size,
                                member.size, limits.max_ratio));
  }
  if (ratio > kMaxDeflateRatio) {
    return DataLoss(fmt::format("{} bytes cannot inflate to {}", member.comp_size, member.size));
  }
  return {};
}

/// The member's bytes: exactly as many as the directory says, the checksum verified at their end.
Result<std::vector<std::byte>> ReadMember(zip_t* archive, zip_uint64_t index, std::uint64_t size) {
  const std::unique_ptr<zip_file_t, CloseMember> member(zip_fopen_index(archive, index, 0));
  if (!member) return DataLoss(fmt::format("cannot be read: {}", zip_strerror(archive)));
  std::vector<std::byte> bytes(size);
  std::size_t filled = 0;
  while (filled < size) {
    const zip_int64_t count = zip_fread(member.get(), bytes.data() + filled, size - filled);
    if (count < 0) {
      return DataLoss(fmt::format("cannot be inflated: {}", zip_file_strerror(member.get())));
    }
    if (count == 0) return DataLoss(fmt::format("ends after {} of {} bytes", filled, size));
    filled += static_cast<std::size_t>(count);
  }
  std::byte beyond;
  const zip_int64_t more = zip_fread(member.get(), &beyond, 1);
  if (more > 0) return DataLoss(fmt::format("is longer than the {} bytes it promises", size));
  if (more < 0) {
    return DataLoss(fmt::format("cannot be inflated: {}", zip_file_strerror(member.get())));
  }
  return bytes;
}

Result<std::string> ArrayName(std::string_view member) {
  if (!member.ends_with(kSuffix)) {
    return DataLoss("the zip file holds a member that is not a .npy array");
  }
  return std::string(member.substr(0, member.size() - kSuffix.size()));
}

Result<std::vector<NamedTensor>> ReadArchive(zip_t* archive, const NpzLimits& limits) {
  const zip_int64_t count = zip_get_num_entries(archive, 0);
  if (count > static_cast<zip_int64_t>(limits.max_arrays)) {
    return TooLarge(fmt::format("{} members, at most {} are read", count, limits.max_arrays));
  }
  std::vector<NamedTensor> arrays;
  std::set<std::string> names;
  std::uint64_t inflated = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    zip_stat_t member;
    if (zip_stat_index(archive, index, 0, &member) != 0) {
      return DataLoss(fmt::format("member {}: {}", i, zip_strerror(archive)));
    }
    const std::string place =
        fmt::format("member {}", Printable(member.name == nullptr ? "" : member.name));
    const auto read = [&]() -> Result<NamedTensor> {
      SLIPWAY_RETURN_IF_ERROR(CheckMember(member, inflated, limits));
      SLIPWAY_TRY(std::string name, ArrayName(member.name));
      if (!names.insert(name).second) return DataLoss("the name stands twice in the file");
      SLIPWAY_TRY(const auto bytes, ReadMember(archive, index, member.size));
      SLIPWAY_TRY(TensorBuffer tensor, DecodeNpy(bytes));
      return NamedTensor{std::move(name), std::move(tensor)};
    };
    Result<NamedTensor> array = read();
    if (!array.ok()) return std::move(array).status().At(place);
    inflated += member.size;
    arrays.push_back(std::move(array).value());
  }
  return arrays;
}

Status AddMember(zip_t* archive, const std::string& name, const std::string& content) {
  const auto failed = [&] {
    return InvalidArgument(
        fmt::format("cannot add array \"{}\": {}", Printable(name), zip_strerror(archive)));
  };
  Source source(zip_source_buffer(archive, content.data(), content.size(), 0));
  if (!source) return failed();
  const zip_int64_t added =
      zip_file_add(archive, (name + std::string(kSuffix)).c_str(), source.get(), ZIP_FL_ENC_UTF_8);
  if (added < 0) return failed();
  static_cast<void>(source.release());  // the archive owns it from now on
  const auto index = static_cast<zip_uint64_t>(added);
  if (zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, kDeflateLevel) != 0) return failed();
  if (zip_file_set_dostime(archive, index, 0, kDosDay19800101, 0) != 0) return failed();
  return {};
}

Result<std::string> ReadSource(zip_source_t* source) {
  const auto failed = [&] {
    return Internal(
        fmt::format("cannot build a .npz file: {}", zip_error_strerror(zip_source_error(source))));
  };
  zip_stat_t stat;
  if (zip_source_stat(source, &stat) != 0 || zip_source_open(source) != 0) return failed();
  std::string content(stat.size, '\0');
  const zip_int64_t count = zip_source_read(source, content.data(), content.size());
  zip_source_close(source);
  if (count != static_cast<zip_int64_t>(content.size())) return failed();
  return content;
}

}  // namespace

Result<std::vector<NamedTensor>> ReadNpz(const std::string& path, const NpzLimits& limits) {
  SLIPWAY_TRY(FileDescriptor file, OpenRegularFile(path));
  SLIPWAY_TRY(const std::uint64_t size, FileSize(file.get()));
  if (Status status = CheckSize(size); !status.ok()) return std::move(status).At(path);
  std::FILE* stream = fdopen(file.get(), "rb");
  if (stream == nullptr) return ErrnoStatus(errno, fmt::format("cannot read {}", path));
  file.Release();
  Source source(zip_source_filep_create(stream, 0, -1, nullptr));
  if (!source) {
    std::fclose(stream);
    return Internal(fmt::format("cannot read {}", path));
  }
  Result<Archive> archive = OpenArchive(std::move(source), ZIP_RDONLY);
  if (!archive.ok()) return std::move(archive).status().At(path);
  auto arrays = ReadArchive(archive->get(), limits);
  if (!arrays.ok()) return std::move(arrays).status().At(path);
  return arrays;
}

Result<std::vector<NamedTensor>> DecodeNpz(std::span<const std::byte> bytes,
                                           const NpzLimits& limits) {
  SLIPWAY_RETURN_IF_ERROR(CheckSize(bytes.size()));
  Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr));
  if (!source) return ResourceExhausted("no memory to read a .npz file");
  SLIPWAY_TRY(const Archive archive, OpenArchive(std::move(source), ZIP_RDONLY));
  return ReadArchive(archive.get(), limits);
}

Result<std::string> EncodeNpz(std::span<const NamedView> arrays) {
  if (arrays.empty()) return std::string(kEmptyArchive);  // libzip writes nothing at all
  std::vector<std::string> contents;  // outlives the archive, which reads them when it closes
  for (const NamedView& array : arrays) {
    SLIPWAY_TRY(std::string content, EncodeNpy(array.tensor));
    contents.push_back(std::move(content));
  }
  Source target(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  if (!target) return ResourceExhausted("no memory to build a .npz file");
  zip_source_keep(target.get());  // one reference for the archive, one to read the result
  SLIPWAY_TRY(Archive archive, OpenArchive(Source(target.get()), ZIP_CREATE | ZIP_TRUNCATE));
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    SLIPWAY_RETURN_IF_ERROR(AddMember(archive.get(), std::string(arrays[i].name), contents[i]));
  }
  if (zip_close(archive.get()) != 0) {
    return Internal(fmt::format("cannot build a .npz file: {}", zip_strerror(archive.get())));
  }
  static_cast<void>(archive.release());  // closed
  return ReadSource(target.get());
}

Status WriteNpz(const std::string& path, std::span<const NamedView> arrays) {
  SLIPWAY_TRY(const std::string content, EncodeNpz(arrays));
  return WriteFileAtomically(path, content);
}

}  // namespace slipway
