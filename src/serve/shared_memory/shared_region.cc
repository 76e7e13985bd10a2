#include "serve/shared_memory/shared_region.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxKeyBytes = 255;
constexpr std::size_t kShownBytes = 64;

Status FieldInvalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
}

Status CheckName(std::string_view name) {
  const bool is_printable = std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!name.empty() && name.size() <= kMaxNameBytes && is_printable) return {};
  return FieldInvalid(
      fmt::format("a region's name is 1 to {} printable ASCII characters", kMaxNameBytes));
}

/// The object's name in the folder of all objects.
Result<std::string> FileOf(std::string_view key) {
  std::string_view file = key;
  if (file.starts_with('/')) file.remove_prefix(1);
  const bool is_name = !file.empty() && file != "." && file != ".." &&
                       file.size() <= kMaxKeyBytes && file.find('/') == std::string_view::npos &&
                       file.find('\0') == std::string_view::npos;
  if (is_name) return std::string(file);
  return FieldInvalid(fmt::format("\"{}\" is not the key of a shared memory object",
                                  Printable(key, kShownBytes)))
      .Hint("a key is a name as in shm_open, such as \"/input\": no folders");
}

Result<FileDescriptor> OpenObject(const std::string& folder, std::string_view key) {
  SLIPWAY_TRY(const std::string file, FileOf(key));
  // Without O_NONBLOCK, a pipe of that name would make the server wait.
  const int descriptor =
      open((folder + "/" + file).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  const std::string shown = Printable(key, kShownBytes);
  if (descriptor < 0 && (errno == ENOENT || errno == EACCES || errno == EPERM)) {
    return ErrnoStatus(errno, fmt::format("cannot open the shared memory object \"{}\"", shown))
        .Hint("the client creates it first, for the server's user to read and write");
  }
  FileDescriptor object(descriptor);
  struct stat facts{};
  if (!object.valid() || fstat(object.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return FieldInvalid(fmt::format("\"{}\" is not a shared memory object", shown));
  return object;
}

}  // namespace

Result<std::shared_ptr<const SharedRegion>> SharedRegion::Open(const std::string& folder,
                                                               RegionFacts facts) {
  SLIPWAY_RETURN_IF_ERROR(CheckName(facts.name));
  if (facts.byte_size == 0) return FieldInvalid("a region has at least one byte");
  SLIPWAY_TRY(FileDescriptor object, OpenObject(folder, facts.key));
  SLIPWAY_TRY(const std::uint64_t size, FileSize(object.get()));
  const std::optional<std::uint64_t> end = CheckedAdd(facts.offset, facts.byte_size);
  if (!end || *end > size) {
    return FieldInvalid(
        fmt::format("a region of {} bytes from byte {} on reaches past the end of "
                    "the shared memory object \"{}\", which has {} bytes",
                    facts.byte_size, facts.offset, Printable(facts.key, kShownBytes), size));
  }
  return std::shared_ptr<const SharedRegion>(new SharedRegion(std::move(facts), std::move(object)));
}

Status SharedRegion::HasShrunk() const {
  return FailedPrecondition(
             fmt::format(
                 "the shared memory object \"{}\" has become shorter than the region \"{}\"",
                 Printable(facts_.key, kShownBytes), facts_.name))
      .With(errors::kTensorDataMismatch)
      .Hint("unregister the region, and register what is there now");
}

Status SharedRegion::Read(std::uint64_t offset, std::span<std::byte> bytes) const {
  auto at = static_cast<off_t>(facts_.offset + offset);
  while (!bytes.empty()) {
    const ssize_t count = pread(object_.get(), bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot read shared memory");
    if (count == 0) return HasShrunk();
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += count;
  }
  return {};
}

Status SharedRegion::Write(std::uint64_t offset, std::span<const std::byte> bytes) const {
  SLIPWAY_TRY(const std::uint64_t size, FileSize(object_.get()));
  if (facts_.offset + offset + bytes.size() > size) return HasShrunk();
  auto at = static_cast<off_t>(facts_.offset + offset);
  while (!bytes.empty()) {
    const ssize_t count = pwrite(object_.get(), bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot write shared memory");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += count;
  }
  return {};
}

}  // namespace slipway::serve
