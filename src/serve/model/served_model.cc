#include "serve/model/served_model.h"

namespace slipway::serve {

std::string_view ModelStateName(ModelState state) {
  switch (state) {
    case ModelState::kPending:
      return "PENDING";
    case ModelState::kLoading:
      return "LOADING";
    case ModelState::kWarming:
      return "WARMING";
    case ModelState::kReady:
      return "READY";
    case ModelState::kFailed:
      return "FAILED";
    case ModelState::kUnloading:
      return "UNLOADING";
    case ModelState::kUnloaded:
      return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

}  // namespace slipway::serve
