#pragma once

#include "base/status.h"
#include "net/http_types.h"
#include "net/router.h"
#include "serve/http/http_api.h"

namespace slipway::serve::v2 {

/// What a request for an inference would be told, for want of room, after its body was read; said
/// before where the body is so long that reading it in vain costs more than asking. OK: nothing is
/// foreseen. A wish in the body for more time than the server's default is not known yet, one in
/// the header Slipway-Timeout is. Tells of a model's queue: for callers that are known.
Status ForeseeRefusal(const HttpApiParts& parts, const net::RequestHead& head,
                      const net::RouteCaptures& captures);

}  // namespace slipway::serve::v2
