#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http/http_types.h"

namespace slipway::serve::grpc {

/// The only way from a Status to gRPC's wire: an answer that is nothing but its end (trailers
/// only), with grpc-status (the codes of base/status.h are gRPC's), grpc-message, and the number of
/// the error as slipway-error. Says when to come back (grpc-retry-pushback-ms) where that is the
/// remedy.
net::Response ErrorAnswer(const Status& status, std::chrono::nanoseconds retry_after = {});

/// What an HTTP status means that the listener answers a gRPC call with: 413 is RESOURCE_EXHAUSTED.
Status StatusOfHttp(int http_status, std::string_view message);

/// As grpc-message wants it: '%' and all bytes but printable ASCII as %XX.
std::string PercentEncoded(std::string_view text);

}  // namespace slipway::serve::grpc
