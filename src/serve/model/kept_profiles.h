#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/batch/batch_profile.h"

namespace slipway::serve {

/// What runs of a package cost on a machine, kept for the next start. Only times are kept: whether
/// rows may share a run is found out at every load, so no file here makes an answer wrong.
///
/// FOLDER/<64 digits of the package>-<16 of the machine>.json, each replaced whole or not at all.
/// Several processes and machines may use one folder. For the loading thread: calls read and write
/// files. Nothing fails: a profile that is not there, damaged or of another package or machine is
/// none, and a folder that cannot be written is said in the log.
class KeptProfiles {
 public:
  static constexpr std::size_t kMostFiles = 1024;  ///< beyond, the oldest goes
  static constexpr std::size_t kMostPoints = 64;   ///< sizes of one profile

  /// Keeps nothing.
  KeptProfiles() = default;
  /// `machine`: all that times depend on beside the package.
  KeptProfiles(std::string folder, std::string machine);

  /// `package`: the digest of its manifest; what is none has no profile.
  std::optional<BatchProfile> Find(const std::string& package) const;
  void Keep(const std::string& package, const BatchProfile& profile) const;

 private:
  /// "": none is kept.
  std::string PathOf(const std::string& package) const;

  std::string folder_;
  std::string machine_;
};

/// The text of a file. Pure, as its reader.
std::string EncodeProfile(const std::string& package, const std::string& machine,
                          const BatchProfile& profile);
/// InvalidArgument: not such a text, of another package or machine, or no profile.
Result<BatchProfile> DecodeProfile(std::string_view text, const std::string& package,
                                   const std::string& machine);

}  // namespace slipway::serve
