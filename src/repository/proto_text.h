#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::repository {

// For the .cc files that read protobuf's text form; no other header includes this one.

/// Reads `text` into `message`, nested at most 32 deep. Fields that the message has not are skipped
/// and named in `unknown`. InvalidArgument (kInvalidPackage) with line and column as place.
Status ParseProtoText(std::string_view text, google::protobuf::Message& message,
                      std::vector<std::string>& unknown);

}  // namespace slipway::repository
