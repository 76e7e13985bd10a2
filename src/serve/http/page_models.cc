#include "serve/http/page_models.h"

#include <utility>
#include <vector>

#include "base/json.h"
#include "tensor/dtype.h"

namespace slipway::serve {
namespace {

OrderedJson EncodeSpec(const TensorSpec& spec) {
  OrderedJson shape = OrderedJson::array();
  for (const std::int64_t dim : spec.shape.dims()) shape.push_back(dim);
  return {{"name", spec.name}, {"datatype", OipName(spec.dtype)}, {"shape", std::move(shape)}};
}

void AddSignature(const ServedModel& model, OrderedJson& entry) {
  const Signature& signature = model.client_signature();
  for (const TensorSpec& spec : signature.inputs) entry["inputs"].push_back(EncodeSpec(spec));
  for (const TensorSpec& spec : signature.outputs) {
    OrderedJson output = EncodeSpec(spec);
    if (const auto labels = model->labels.find(spec.name); labels != model->labels.end())
      output["labels"] = labels->second;
    entry["outputs"].push_back(std::move(output));
  }
}

}  // namespace

std::string EncodePageModels(const ModelSet& models) {
  OrderedJson list = OrderedJson::array();
  for (const ModelStatus& status : models.Statuses()) {
    if (status.state == ModelState::kUnloaded) continue;
    OrderedJson entry = {{"name", status.name},
                         {"version", std::to_string(status.version)},
                         {"state", ModelStateName(status.state)},
                         {"reason", status.reason},
                         {"inputs", OrderedJson::array()},
                         {"outputs", OrderedJson::array()}};
    const Result<ModelHandle> loaded = models.Find(status.name, status.version);
    if (status.state == ModelState::kReady && loaded.ok()) AddSignature(**loaded, entry);
    list.push_back(std::move(entry));
  }
  return DumpJson(OrderedJson{{"models", std::move(list)}});
}

}  // namespace slipway::serve
