#include "serve/model/model_map.h"

#include <algorithm>
#include <utility>

namespace slipway::serve {

ModelHandle ModelMap::Find(std::string_view name, std::optional<std::int64_t> version) const {
  const auto model = models_.find(name);
  if (model == models_.end()) return nullptr;
  const ByVersion& versions = model->second;  // never empty
  if (!version.has_value()) return versions.rbegin()->second;
  const auto found = versions.find(*version);
  return found == versions.end() ? nullptr : found->second;
}

std::vector<ModelHandle> ModelMap::All() const {
  std::vector<ModelHandle> all;
  for (const std::string& name : Names()) {
    for (const auto& [version, model] : models_.find(name)->second) all.push_back(model);
  }
  return all;
}

std::vector<std::string> ModelMap::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, versions] : models_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

std::vector<std::int64_t> ModelMap::Versions(std::string_view name) const {
  std::vector<std::int64_t> numbers;
  const auto model = models_.find(name);
  if (model == models_.end()) return numbers;
  for (const auto& [version, handle] : model->second) numbers.push_back(version);
  return numbers;
}

ModelMap ModelMap::With(ModelHandle model) const {
  ModelMap changed = *this;
  const std::string name = (*model)->name;
  const std::int64_t version = (*model)->version;
  changed.models_[name].insert_or_assign(version, std::move(model));
  return changed;
}

ModelMap ModelMap::Without(const std::string& name, std::span<const std::int64_t> versions) const {
  ModelMap changed = *this;
  const auto model = changed.models_.find(name);
  if (model == changed.models_.end()) return changed;
  for (const std::int64_t version : versions) model->second.erase(version);
  if (model->second.empty()) changed.models_.erase(model);
  return changed;
}

}  // namespace slipway::serve
