#include "serve/remote/remote_server_options.h"

#include <fmt/format.h>

namespace slipway::serve {

std::string RemoteServerOptions::Origin() const {
  if (protocol == RemoteProtocol::kHttp) return url.Origin();
  return fmt::format("{}://{}", url.tls ? "grpcs" : "grpc", url.Authority());
}

}  // namespace slipway::serve
