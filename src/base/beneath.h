#pragma once

#include <string>

#include "base/file.h"

namespace slipway {

/// What a path beneath a folder may lead over.
enum class Links {
  kNone,      ///< no symbolic link at all
  kThatStay,  ///< links whose target lies beneath the folder too
};

/// openat2(2) with O_CLOEXEC for a relative path that the kernel keeps beneath the open folder.
/// `flags` as for open(2). Invalid, with errno set, where it cannot: EXDEV for a path that leaves
/// the folder, ELOOP for a link with Links::kNone.
FileDescriptor OpenBeneath(int folder, const std::string& path, int flags, Links links);

}  // namespace slipway
