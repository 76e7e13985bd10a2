#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/recent_log.h"
#include "base/status.h"
#include "serve/control/configuration.h"
#include "serve/control/load_request.h"
#include "serve/control/model_control.h"

namespace slipway::serve {

/// Reads {"parameters": {...}}; an empty body asks for the latest version. Known parameters:
/// `version` (a number, or an alias) and `config`, a JSON text whose `version_policy` is obeyed
/// (names and platform in it are ignored: they are the package's). InvalidArgument
/// (kRequestNotJson, kRequestFieldInvalid) for every other parameter.
Result<LoadRequest> ParseLoadRequest(std::string_view body);

/// Reads {"parameters": {"unload_dependents": bool}}: whether an ensemble's models go with it;
/// false where it is not said. InvalidArgument for anything else.
Result<bool> ParseUnloadRequest(std::string_view body);

/// Reads {"ready": bool}: true asks for ready versions only. An empty body, or {}: all.
Result<bool> ParseIndexRequest(std::string_view body);

/// The bare array that Triton answers: [{"name","version","state","reason"}].
std::string EncodeIndex(std::span<const IndexRow> rows);

/// {"facts": {name: text}, "limits": {name: {"value", "unit", "meaning", "setting"?}}}.
std::string EncodeConfiguration(const Configuration& configuration);

/// Which lines of the log a query wishes.
struct LogQuery {
  std::uint64_t after = 0;            ///< those with higher numbers
  std::size_t most = kMostKeptLines;  ///< of them the newest
};
/// Reads "after=N&most=N"; other keys mean nothing. InvalidArgument (kRequestFieldInvalid): no
/// number.
Result<LogQuery> ParseLogQuery(std::string_view query);

/// {"lines": [{"number","ts","level","msg"}], "last": number}.
std::string EncodeLog(const RecentLog& log);

}  // namespace slipway::serve
