#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace slipway::net {

/// Requests of HTTP/1.1 to localhost; each of `headers` ends in CR LF.
inline std::string Get(std::string_view target, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, headers);
}
inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}",
                     target, body.size(), headers, body);
}

}  // namespace slipway::net
