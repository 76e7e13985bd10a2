#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"

namespace slipway::jobs {

/// A user's model file, open to read.
struct SourceFile {
  FileDescriptor file;
  std::string folder;  ///< where it lies: external data are looked for here
  std::string name;    ///< without folders
  std::uint64_t size = 0;
};

/// NotFound, PermissionDenied; InvalidArgument: a pipe, a device. Unimplemented
/// (kUnrecognisedFormat): a folder, with the name of the format that it looks like.
/// ResourceExhausted (kImportLimit): larger than a model may be.
Result<SourceFile> OpenSourceFile(const std::string& path);

/// A valid model name near the file's: "My model (1).keras" gives "My-model-1". "model" when
/// nothing is left.
std::string ModelNameFor(std::string_view file_name);

}  // namespace slipway::jobs
