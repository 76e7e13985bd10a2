#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "access/presented.h"

/// An Authorization header shows a key that lies in it, or a login whose user has no colon and
/// which is not longer than its base64.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::access::Login;
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const auto shown = slipway::access::ShownBy({.authorization = &header});
  if (!shown.ok()) return 0;
  if (const auto* const key = std::get_if<std::string_view>(&*shown)) {
    if (header.find(*key) == std::string_view::npos) std::abort();
    return 0;
  }
  const auto* const login = std::get_if<Login>(&*shown);
  if (login == nullptr || login->user.empty() || login->user.find(':') != std::string::npos ||
      login->user.size() + login->password.size() >= size)
    std::abort();
  return 0;
}
