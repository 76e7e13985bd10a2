#pragma once

namespace slipway::sandbox {

/// Takes every right to the file system, and to TCP where the kernel can (Landlock), from this
/// process for ever. False: the kernel has no Landlock.
bool DropFileSystemRights();

}  // namespace slipway::sandbox
