#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/context.h"
#include "package/manifest.h"

namespace slipway::cli {

/// What a server needs to know of a file that another process has imported.
struct ImportedApart {
  package::Manifest manifest;
  std::string graph_path;   ///< in the work folder
  std::string description;  ///< DescribeImport()
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
};

/// jobs::ImportModel() in a child process, with progress on standard error: a process that goes on
/// to serve registers no schema, holds no graph and keeps none of the memory that importing took.
/// Call it before this process has threads that hold locks. What ImportModel() says; Internal
/// (kImporterDied): the child crashed or was killed.
Result<ImportedApart> ImportApart(Context& context, const std::string& path,
                                  const std::string& work_folder);

/// An outcome as text for another process of ours, and back.
std::string EncodeApart(const Result<ImportedApart>& imported);
Result<ImportedApart> DecodeApart(std::string_view text);
inline constexpr std::size_t kMaxApartBytes = 2 * package::kMaxManifestBytes;

/// In a child that was forked: signals end it as they would end any program, and it does not
/// outlive its parent.
void BecomeOrdinaryChild();

}  // namespace slipway::cli
