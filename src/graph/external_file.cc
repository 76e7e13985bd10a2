#include "graph/external_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <set>
#include <utility>

#include "base/beneath.h"
#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::graph {

namespace {

constexpr std::size_t kMaxLocation = 4096;
constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();

Status Forbidden(std::string_view what) {
  return PermissionDenied(fmt::format("external data {}", what))
      .With(errors::kForbiddenContent)
      .Hint("external data must be plain files in the model's own folder");
}

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}

Status OpenStatus(int error_number) {
  if (error_number == EXDEV || error_number == ELOOP)
    return Forbidden("leave the model's folder or are a link");
  if (error_number == ENOENT) {
    return Corrupt("a file with external data is missing")
        .Hint("keep the model and its data files in one folder");
  }
  return ErrnoStatus(error_number, "cannot open external data");
}

/// What the text alone can tell; the kernel decides the rest when the file is opened.
Status CheckLocation(std::string_view location) {
  const auto parts = Split(location, '/');
  const bool is_plain = !location.empty() && location.size() <= kMaxLocation &&
                        location.front() != '/' && location.front() != '#' &&
                        location.front() != '*' && location.find('\\') == std::string_view::npos &&
                        location.find('\0') == std::string_view::npos &&
                        std::ranges::find(parts, std::string_view("..")) == parts.end();
  if (is_plain) return {};
  return Forbidden("leave the model's folder").At(Printable(location));
}

Result<std::uint64_t> ParseOffset(std::string_view key, std::string_view text) {
  const auto number = ParseUint64(text);
  if (number && *number <= kMaxOffset) return *number;
  return Corrupt(
      fmt::format("external data: {} is \"{}\", not a number of bytes", key, Printable(text)));
}

Status TakeEntry(const std::string& key, const std::string& value, ExternalData& external) {
  if (key == "location") {
    external.location = value;
    return CheckLocation(value);
  }
  if (key == "offset") {
    SLIPWAY_TRY(external.offset, ParseOffset(key, value));
    return {};
  }
  if (key == "length") {
    SLIPWAY_TRY(external.length, ParseOffset(key, value));
    return {};
  }
  if (key == "checksum") {
    external.checksum = value;
    return {};
  }
  return Forbidden(fmt::format("have an entry \"{}\" that ONNX does not know", Printable(key)));
}

}  // namespace

Result<ExternalData> ParseExternalData(const Metadata& entries) {
  ExternalData external;
  std::set<std::string_view> seen;
  for (const auto& [key, value] : entries) {
    if (!seen.insert(key).second)
      return Corrupt(fmt::format("external data have two entries \"{}\"", Printable(key)));
    SLIPWAY_RETURN_IF_ERROR(TakeEntry(key, value, external));
  }
  if (external.location.empty()) return Corrupt("external data say no location");
  if (!CheckedAdd(external.offset, external.length.value_or(0)))
    return Corrupt("external data end beyond any file");
  return external;
}

Metadata ExternalDataEntries(const ExternalData& external) {
  Metadata entries{{"location", external.location}};
  if (external.offset != 0 || external.length)
    entries.emplace_back("offset", std::to_string(external.offset));
  if (external.length) entries.emplace_back("length", std::to_string(*external.length));
  if (!external.checksum.empty()) entries.emplace_back("checksum", external.checksum);
  return entries;
}

Result<FileDescriptor> OpenBeneath(int folder, const std::string& location) {
  FileDescriptor file = slipway::OpenBeneath(folder, location, O_RDONLY | O_NONBLOCK, Links::kNone);
  if (!file.valid()) return OpenStatus(errno);
  struct stat status;
  if (fstat(file.get(), &status) != 0) return ErrnoStatus(errno, "cannot stat external data");
  if (!S_ISREG(status.st_mode)) return Forbidden("are not a regular file");
  if (status.st_nlink != 1) return Forbidden("have a second name (a hard link)");
  return file;
}

Result<std::span<const std::byte>> PartOf(const MappedFile& file, const ExternalData& place,
                                          std::uint64_t size) {
  const std::uint64_t there = file.bytes().size();
  const auto end = CheckedAdd(place.offset, size);
  if (end && *end <= there) return file.bytes().subspan(place.offset, size);
  return Corrupt(
      fmt::format("{} bytes at {} are needed, the file has {}", size, place.offset, there));
}

Result<ExternalFiles> ExternalFiles::In(const std::string& folder, std::size_t max_files,
                                        std::uint64_t max_bytes) {
  FileDescriptor opened(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return ErrnoStatus(errno, fmt::format("cannot open {}", folder));
  return ExternalFiles(std::move(opened), max_files, max_bytes);
}

Result<std::shared_ptr<const MappedFile>> ExternalFiles::Open(const std::string& location) {
  if (const auto found = opened_.find(location); found != opened_.end()) return found->second;
  SLIPWAY_TRY(const FileDescriptor file, OpenBeneath(folder_.get(), location));
  SLIPWAY_TRY(MappedFile mapped, MappedFile::Map(file.get()));
  if (files_left_ == 0 || mapped.bytes().size() > bytes_left_) {
    return ResourceExhausted("the model has more or larger external files than a model may have")
        .With(errors::kImportLimit);
  }
  --files_left_;
  bytes_left_ -= mapped.bytes().size();
  const auto kept = std::make_shared<const MappedFile>(std::move(mapped));
  opened_.emplace(location, kept);
  return kept;
}

}  // namespace slipway::graph
