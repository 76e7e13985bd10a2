#pragma once

#include <string>

namespace slipway::access {

/// A user and a password as a request shows them.
struct Login {
  std::string user;
  std::string password;
};

}  // namespace slipway::access
