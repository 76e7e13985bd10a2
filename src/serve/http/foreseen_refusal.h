#pragma once

#include "base/status.h"
#include "net/http/http_types.h"
#include "net/http/router.h"
#include "serve/http/http_api.h"

namespace slipway::serve::v2 {

/// What a request for an inference would be told, for want of room, after its body was read; said
/// before. OK: nothing is foreseen. A full queue refuses any request by its head, the time that
/// those before it take only one whose body is so long that reading it in vain would cost much: a
/// wish in the body for more time than the server's default is not known yet, one in the header
/// Slipway-Timeout is. Tells of a model's queue: for callers that are known.
Status ForeseeRefusal(const HttpApiParts& parts, const net::RequestHead& head,
                      const net::RouteCaptures& captures);

}  // namespace slipway::serve::v2
