#include "serve/http/shared_memory_handlers.h"

#include <array>
#include <utility>

#include "serve/http/shared_memory_codec.h"
#include "serve/shared_memory/shared_tensors.h"

namespace slipway::serve::shared_memory {
namespace {

// Triton's clients want exactly 200 and look at no body.
void AnswerEmpty(const ApiCall& call) { call.Send(net::Response{}); }

}  // namespace

void Status(const ApiCall& call) {
  const RegionTable* const regions = call.parts().shared_memory;
  if (regions == nullptr) return call.Fail(SharedMemoryIsOff());
  const std::string_view name = call.Capture("region");
  if (name.empty()) return call.SendJson(EncodeRegions(regions->Regions()));
  Result<RegionFacts> facts = regions->Facts(name);
  if (!facts.ok()) return call.Fail(facts.status());
  call.SendJson(EncodeRegions(std::array{std::move(*facts)}));
}

void Register(const ApiCall& call) {
  RegionTable* const regions = call.parts().shared_memory;
  if (regions == nullptr) return call.Fail(SharedMemoryIsOff());
  Result<RegionFacts> facts = ParseRegisterRequest(call.Capture("region"), call.text());
  if (!facts.ok()) return call.Fail(facts.status());
  const slipway::Status registered = regions->Register(std::move(*facts));
  if (!registered.ok()) return call.Fail(registered);
  AnswerEmpty(call);
}

void Unregister(const ApiCall& call) {
  RegionTable* const regions = call.parts().shared_memory;
  if (regions == nullptr) return call.Fail(SharedMemoryIsOff());
  const std::string_view name = call.Capture("region");
  name.empty() ? regions->UnregisterAll() : regions->Unregister(name);
  AnswerEmpty(call);
}

}  // namespace slipway::serve::shared_memory
