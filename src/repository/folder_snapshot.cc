#include "repository/folder_snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/beneath.h"
#include "base/log.h"

namespace slipway::repository {
namespace {

constexpr std::size_t kMaxDepth = 4;  // model/1/model.onnx/model.onnx
constexpr std::string_view kTexts[] = {"config.pbtxt", "config.json", "models.config"};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

bool IsNumber(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

Result<FileDescriptor> OpenRoot(const std::string& path) {
  FileDescriptor root(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return ErrnoStatus(errno, fmt::format("cannot open {}", Printable(path)));
  return root;
}

Status LeavesFolder(int error_number, const std::string& path) {
  if (error_number == EXDEV || error_number == ELOOP) {
    return PermissionDenied(fmt::format("{} is a link that leaves the folder", Printable(path)))
        .Hint("copy what it points to into the folder");
  }
  return ErrnoStatus(error_number, fmt::format("cannot open {}", Printable(path)));
}

class FolderReader {
 public:
  FolderReader(FileDescriptor root, FolderSnapshot& snapshot, const FolderLimits& limits)
      : root_(std::move(root)), snapshot_(snapshot), limits_(limits) {}

  // Everything in `folder`, and beneath what may hold models. A folder that cannot be read is an
  // entry that says so.
  Status Read(const std::string& folder, std::size_t depth) {
    FileDescriptor opened = OpenBeneath(root_.get(), folder.empty() ? "." : folder,
                                        O_RDONLY | O_DIRECTORY, Links::kThatStay);
    OpenFolder listing(opened.valid() ? fdopendir(opened.get()) : nullptr);
    if (listing == nullptr) return CannotRead(folder, errno);
    opened.Release();
    std::vector<std::string> inside;
    while (const dirent* found = readdir(listing.get())) {
      const std::string name = found->d_name;
      if (name.starts_with('.')) continue;
      const std::string path = JoinPath(folder, name);
      SLIPWAY_RETURN_IF_ERROR(Note(path, name));
      if (snapshot_.IsFolder(path) && MayHoldModels(name, depth)) inside.push_back(path);
    }
    listing.reset();
    for (const std::string& path : inside) SLIPWAY_RETURN_IF_ERROR(Read(path, depth + 1));
    return {};
  }

 private:
  static bool MayHoldModels(std::string_view name, std::size_t depth) {
    if (depth + 1 >= kMaxDepth) return false;
    return depth == 0 || IsNumber(name) || name.starts_with("model.");
  }

  Status CannotRead(const std::string& folder, int error_number) {
    const Status reason = ErrnoStatus(error_number, "cannot be read");
    if (folder.empty()) return reason;
    snapshot_.entries[folder].refusal = reason.message();
    return {};
  }

  Status Note(const std::string& path, const std::string& name) {
    if (snapshot_.entries.size() >= limits_.max_entries) {
      return ResourceExhausted(fmt::format("{} holds more than {} files and folders",
                                           Printable(snapshot_.path), limits_.max_entries));
    }
    FolderEntry& entry = snapshot_.entries[path];
    const FileDescriptor file = OpenBeneath(root_.get(), path, O_PATH, Links::kThatStay);
    struct stat status{};
    if (!file.valid() || fstat(file.get(), &status) != 0) {
      entry.refusal = errno == EXDEV    ? "is a link that leaves the folder"
                      : errno == ENOENT ? "is a link to nothing"
                                        : ErrnoStatus(errno, "cannot be read").message();
      return {};
    }
    entry.is_folder = S_ISDIR(status.st_mode);
    if (entry.is_folder) return {};
    if (!S_ISREG(status.st_mode)) entry.refusal = "is not a regular file";
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.modified_ns =
        status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
    return ReadText(path, name, entry);
  }

  Status ReadText(const std::string& path, const std::string& name, FolderEntry& entry) {
    if (!entry.refusal.empty() || std::ranges::find(kTexts, name) == std::end(kTexts)) return {};
    const FileDescriptor file = OpenBeneath(root_.get(), path, O_RDONLY, Links::kThatStay);
    if (!file.valid()) {
      entry.refusal = ErrnoStatus(errno, "cannot be read").message();
      return {};
    }
    Result<std::string> text = ReadAll(file.get(), limits_.max_text_bytes);
    if (!text.ok()) {
      entry.refusal = text.status().message();
      return {};
    }
    text_bytes_ += text->size();
    if (text_bytes_ > limits_.max_all_text_bytes) {
      return ResourceExhausted(fmt::format("the configuration files of {} have more than {} bytes",
                                           Printable(snapshot_.path), limits_.max_all_text_bytes));
    }
    snapshot_.texts.emplace(path, *std::move(text));
    return {};
  }

  const FileDescriptor root_;
  FolderSnapshot& snapshot_;
  const FolderLimits& limits_;
  std::size_t text_bytes_ = 0;
};

}  // namespace

std::vector<std::string> FolderSnapshot::NamesIn(std::string_view folder) const {
  const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
  std::vector<std::string> names;
  for (auto entry = entries.lower_bound(prefix); entry != entries.end(); ++entry) {
    if (!entry->first.starts_with(prefix)) break;
    const std::string name = entry->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

const FolderEntry* FolderSnapshot::Find(const std::string& path) const {
  const auto found = entries.find(path);
  return found == entries.end() ? nullptr : &found->second;
}

bool FolderSnapshot::IsFile(const std::string& path) const {
  const FolderEntry* entry = Find(path);
  return entry != nullptr && !entry->is_folder;
}

bool FolderSnapshot::IsFolder(const std::string& path) const {
  const FolderEntry* entry = Find(path);
  return entry != nullptr && entry->is_folder;
}

Result<FolderSnapshot> ReadFolder(const std::string& path, const FolderLimits& limits) {
  SLIPWAY_TRY(FileDescriptor root, OpenRoot(path));
  FolderSnapshot snapshot{.path = path, .entries = {}, .texts = {}};
  FolderReader reader(std::move(root), snapshot, limits);
  SLIPWAY_RETURN_IF_ERROR(reader.Read("", 0));
  return snapshot;
}

Result<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& folder) {
  if (folder.empty()) return ReadFolder(path);
  const FolderLimits limits;
  SLIPWAY_TRY(FileDescriptor root, OpenRoot(path));
  FolderSnapshot snapshot{.path = path, .entries = {}, .texts = {}};
  snapshot.entries[folder].is_folder = true;
  FolderReader reader(std::move(root), snapshot, limits);
  SLIPWAY_RETURN_IF_ERROR(reader.Read(folder, 1));
  return snapshot;
}

Result<FileDescriptor> OpenFileBeneath(const std::string& folder, const std::string& path) {
  SLIPWAY_TRY(const FileDescriptor root, OpenRoot(folder));
  FileDescriptor file = OpenBeneath(root.get(), path, O_RDONLY | O_NONBLOCK, Links::kThatStay);
  if (!file.valid()) return LeavesFolder(errno, path);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return ErrnoStatus(errno, "cannot look at a file");
  if (!S_ISREG(status.st_mode))
    return InvalidArgument(fmt::format("{} is not a regular file", Printable(path)));
  return file;
}

Result<std::string> RealPathBeneath(const std::string& folder, const std::string& path) {
  SLIPWAY_TRY(const FileDescriptor file, OpenFileBeneath(folder, path));
  std::array<char, 4096> real{};
  const ssize_t length =
      readlink(fmt::format("/proc/self/fd/{}", file.get()).c_str(), real.data(), real.size());
  if (length < 0) return ErrnoStatus(errno, fmt::format("cannot find {}", Printable(path)));
  return std::string(real.data(), static_cast<std::size_t>(length));
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

}  // namespace slipway::repository
