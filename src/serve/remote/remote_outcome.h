#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// What came of one try to run a model on another server.
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

/// How a try went, whatever the protocol.
struct RemoteCall {
  std::string_view server;                ///< its name, for messages
  std::vector<std::string_view> outputs;  ///< that were asked for
  bool was_connected = false;
  bool may_have_begun = false;  ///< false: sent again, it runs once
};

/// What a refusal means to the ensemble's client, and what it says of the server.
struct RefusalMeaning {
  Code code = Code::kInternal;
  ErrorNumber number = ErrorNumber::kNone;
  RemoteOutcome::Health health = RemoteOutcome::Health::kAlive;
  bool may_retry = false;
};

// What is made of each end that a try may have. Errors are those of RemoteModels::Infer(): they
// name the server, and neither its address nor what only its operator should see. Pure.

/// There was no answer, `why` says the client of HTTP.
RemoteOutcome OutcomeOfNoAnswer(const RemoteCall& call, const Status& why);
/// The server `says` why it does not run it.
RemoteOutcome OutcomeOfRefusal(const RemoteCall& call, const RefusalMeaning& meaning,
                               std::string_view says);
/// The answer was read, or makes no sense.
RemoteOutcome OutcomeOfAnswer(const RemoteCall& call, Result<std::vector<TensorBuffer>> outputs);

/// That it was late says nothing of a server that had too little time.
void ExcuseLateness(RemoteOutcome& outcome);

}  // namespace slipway::serve
