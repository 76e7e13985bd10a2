#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// The external_data entries of a tensor. PermissionDenied (kForbiddenContent): a location that is
/// not a plain relative path downwards, a key the format does not have. DataLoss
/// (kCorruptModelFile): no location, a number that is none, an end beyond 64 bits.
Result<ExternalData> ParseExternalData(const Metadata& entries);
Metadata ExternalDataEntries(const ExternalData& external);

/// Opens a file beneath the folder behind the descriptor. The kernel refuses what leaves the folder
/// or follows a link (openat2); devices and files with a second name are refused here.
/// PermissionDenied (kForbiddenContent); DataLoss (kCorruptModelFile) where there is none.
Result<FileDescriptor> OpenBeneath(int folder, const std::string& location);

/// The part of a mapped file that a tensor of `size` bytes says it has. DataLoss where the file is
/// too short.
Result<std::span<const std::byte>> PartOf(const MappedFile& file, const ExternalData& place,
                                          std::uint64_t size);

/// A model's external files, each opened and mapped once.
class ExternalFiles {
 public:
  static Result<ExternalFiles> In(const std::string& folder, std::size_t max_files,
                                  std::uint64_t max_bytes);
  /// Errors as OpenBeneath(); ResourceExhausted (kImportLimit) beyond the limits.
  Result<std::shared_ptr<const MappedFile>> Open(const std::string& location);

 private:
  ExternalFiles(FileDescriptor folder, std::size_t max_files, std::uint64_t max_bytes)
      : folder_(std::move(folder)), files_left_(max_files), bytes_left_(max_bytes) {}

  FileDescriptor folder_;
  std::size_t files_left_;
  std::uint64_t bytes_left_;
  std::map<std::string, std::shared_ptr<const MappedFile>, std::less<>> opened_;
};

}  // namespace slipway::graph
