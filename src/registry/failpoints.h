#pragma once

#include <array>
#include <string_view>

namespace slipway::registry {

/// Every failpoint of Registry::Publish(), in the order in which they are reached
/// (base/failpoint.h); those of each blob stand in package/failpoints.h.
inline constexpr std::array<std::string_view, 5> kPublishFailpoints = {
    "publish.start",           // the package's files are durable, nothing names them
    "publish.after_manifest",  // the manifest is durable
    "publish.after_begin",     // the catalogue is locked
    "publish.after_insert",    // the version is written, not committed
    "publish.after_commit",    // it is committed, and nobody has been told
};

}  // namespace slipway::registry
