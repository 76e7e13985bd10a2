#pragma once

#include <string>

namespace slipway::net {

/// Why a request is not served, found before any service sees it: the status of the answer and one
/// sentence for the client. The connection is closed after it.
struct Refusal {
  int status = 400;
  std::string message;
};

}  // namespace slipway::net
