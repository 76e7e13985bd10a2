#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/answer_parser.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// What came of one call of another server.
struct RemoteOutcome {
  enum class Health : std::uint8_t {
    kAlive,    ///< it answers, and be it a refusal
    kFailing,  ///< it does not, or says that it cannot
    kUnknown,  ///< it had too little time to say anything of it
  };
  Result<std::vector<TensorBuffer>> outputs;
  Health health = Health::kAlive;
  bool may_retry = false;  ///< the server did not begin it
};

/// How a call went, and what is known of it.
struct RemoteCall {
  std::string_view server;                ///< its name, for messages
  std::vector<std::string_view> outputs;  ///< that were asked for
  bool was_connected = false;             ///< something of the request may have arrived
  bool had_time = false;                  ///< enough that an answer could be expected
};

/// Reads the answer. Errors are those of RemoteModels::Infer(): they name the server, and neither
/// its address nor what only its operator should see. Pure.
RemoteOutcome Judge(const RemoteCall& call, const Result<net::HttpAnswer>& answer);

}  // namespace slipway::serve
