#include "import/keras/evaluation_order.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::import::keras {

namespace {

Status Corrupt(std::string message, const SavedLayer& layer) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile).At("layer " + layer.name);
}

}  // namespace

void AppendTensors(const Argument& argument, std::vector<TensorRef>& found) {
  if (argument.tensor) found.push_back(*argument.tensor);
  if (!argument.list) return;
  for (const Argument& item : *argument.list) AppendTensors(item, found);
}

std::vector<TensorRef> TensorsOf(const Call& call) {
  std::vector<TensorRef> found;
  for (const Argument& argument : call.positional) AppendTensors(argument, found);
  for (const auto& [name, argument] : call.named) AppendTensors(argument, found);
  return found;
}

Result<std::vector<CallSite>> EvaluationOrder(const SavedNetwork& network) {
  std::map<std::string_view, std::size_t> index;
  std::vector<std::size_t> first_call;  // of each layer, in one row of all calls
  std::vector<CallSite> calls;
  for (std::size_t layer = 0; layer < network.layers.size(); ++layer) {
    index[network.layers[layer].name] = layer;
    first_call.push_back(calls.size());
    for (std::size_t call = 0; call < network.layers[layer].calls.size(); ++call) {
      calls.push_back({layer, call});
    }
  }
  std::vector<std::vector<std::size_t>> users(calls.size());
  std::vector<std::size_t> waiting(calls.size(), 0);
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const SavedLayer& layer = network.layers[calls[at].layer];
    for (const TensorRef& input : TensorsOf(layer.calls[calls[at].call])) {
      const auto found = index.find(input.layer);
      if (found == index.end()) {
        return Corrupt(
            fmt::format("its input \"{}\" is no layer of this model", input.layer.substr(0, 64)),
            layer);
      }
      const SavedLayer& producer = network.layers[found->second];
      if (producer.calls.empty() && producer.class_name == "InputLayer") continue;
      if (input.call >= producer.calls.size()) {
        return Corrupt(fmt::format("its input comes from call {} of layer \"{}\", which has {}",
                                   input.call, producer.name, producer.calls.size()),
                       layer);
      }
      users[first_call[found->second] + input.call].push_back(at);
      ++waiting[at];
    }
  }
  std::deque<std::size_t> ready;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (waiting[at] == 0) ready.push_back(at);
  }
  std::vector<CallSite> order;
  for (; !ready.empty(); ready.pop_front()) {
    order.push_back(calls[ready.front()]);
    for (const std::size_t user : users[ready.front()]) {
      if (--waiting[user] == 0) ready.push_back(user);
    }
  }
  for (std::size_t at = 0; order.size() < calls.size() && at < calls.size(); ++at) {
    if (waiting[at] > 0) {
      return Corrupt("its inputs depend on its own output", network.layers[calls[at].layer]);
    }
  }
  return order;
}

}  // namespace slipway::import::keras
