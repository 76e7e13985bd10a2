#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/control/log_settings.h"
#include "serve/control/trace_settings.h"

namespace slipway::serve {

/// Reads {"log_info": true, "log_verbose_level": 1, "log_file": "", ...}; null: as it is.
/// InvalidArgument (kRequestNotJson, kRequestFieldInvalid): no object, or another kind of value.
Result<std::vector<LogSetting>> ParseLogSettings(std::string_view body);
/// The same object, of all settings.
std::string EncodeLogSettings(std::span<const LogSetting> settings);

/// Reads {"trace_level": ["TIMESTAMPS"], "trace_rate": "100", ...}; null: what was wished before no
/// longer counts. The same refusals.
Result<std::vector<TraceSetting>> ParseTraceSettings(std::string_view body);
/// The same object, of all settings: trace_level is an array, the rest are texts.
std::string EncodeTraceSettings(std::span<const TraceSetting> settings);

}  // namespace slipway::serve
