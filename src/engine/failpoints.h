#pragma once

#include <array>
#include <string_view>

namespace slipway::engine {

/// Every failpoint of keeping a compiled model and loading it, in the order in which they are
/// reached (base/failpoint.h): a test arms each of them.
inline constexpr std::array<std::string_view, 5> kCompileFailpoints = {
    "compile.begun",      // the folder it is built in exists, empty
    "compile.written",    // the engine has written its files
    "compile.described",  // their checksums stand beside them
    "compile.kept",       // it has its name
    "compile.verified",   // its files are what was written
};

}  // namespace slipway::engine
