#pragma once

#include <array>
#include <string_view>

namespace slipway::package {

/// Every failpoint of adding a blob, in the order in which they are reached (base/failpoint.h): a
/// test arms each of them.
inline constexpr std::array<std::string_view, 6> kStoreFailpoints = {
    "store.write",         // the temporary file exists, empty
    "store.after_write",   // its content is written
    "store.fsync",         // stands for a failing fsync
    "store.after_fsync",   // its content is durable
    "store.after_rename",  // it has its name
    "store.after_dir_fsync",
};

}  // namespace slipway::package
