#include "jobs/source_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::jobs {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxSourceBytes = std::uint64_t{16} << 30;
constexpr std::size_t kMaxNameLength = 128;

bool Contains(const fs::path& folder, const char* name) {
  std::error_code ignored;
  return fs::exists(folder / name, ignored);
}

Status FolderStatus(const std::string& path) {
  const bool is_saved_model =
      Contains(path, "saved_model.pb") || Contains(path, "saved_model.pbtxt");
  const bool is_tfjs = Contains(path, "model.json");
  const std::string_view kind = is_saved_model ? "a TensorFlow SavedModel"
                                : is_tfjs      ? "a TF.js model"
                                               : "a folder";
  return Unimplemented(fmt::format("{} is {}, which cannot be imported yet", Printable(path), kind))
      .With(errors::kUnrecognisedFormat)
      .Hint(is_saved_model || is_tfjs
                ? "save the model from Keras as .keras, or convert it to ONNX first"
                : "name the model file itself");
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Result<SourceFile> OpenSourceFile(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return FolderStatus(path);
  SLIPWAY_TRY(FileDescriptor file, OpenRegularFile(path));
  SLIPWAY_TRY(const std::uint64_t size, FileSize(file.get()));
  const fs::path where(path);
  SourceFile source{std::move(file), where.parent_path().string(), where.filename().string(), size};
  if (source.folder.empty()) source.folder = ".";
  if (size > kMaxSourceBytes) {
    return ResourceExhausted(fmt::format("{} has {}, more than the {} that a model may have",
                                         Printable(source.name), HumanBytes(size),
                                         HumanBytes(kMaxSourceBytes)))
        .With(errors::kImportLimit);
  }
  return source;
}

std::string ModelNameFor(std::string_view file_name) {
  const std::string stem = fs::path(file_name).stem().string();
  std::string name;
  for (const char c : stem) {
    const bool is_start = name.empty() && (c == '.' || c == '_' || c == '-');
    if (IsNameCharacter(c) && !is_start) {
      name.push_back(c);
    } else if (!name.empty() && name.back() != '-') {
      name.push_back('-');
    }
  }
  name.resize(std::min(name.size(), kMaxNameLength));
  while (name.ends_with('-') || name.ends_with('.')) name.pop_back();
  return name.empty() ? "model" : name;
}

}  // namespace slipway::jobs
