#include "serve/model/model_map.h"

#include <algorithm>
#include <utility>

#include "serve/model/served_ensemble.h"

namespace slipway::serve {

ModelHandle ModelMap::Find(std::string_view name, std::optional<std::int64_t> version) const {
  const auto model = models_.find(name);
  if (model == models_.end()) return nullptr;
  const ByVersion& versions = model->second;  // never empty
  if (!version.has_value()) {
    const auto highest = std::find_if(versions.rbegin(), versions.rend(),
                                      [&](const auto& row) { return IsReady(*row.second); });
    return highest == versions.rend() ? nullptr : highest->second;
  }
  const auto found = versions.find(*version);
  return found == versions.end() || !IsReady(*found->second) ? nullptr : found->second;
}

bool ModelMap::IsReady(const ServedModel& model) const {
  const bool has_members = unready_.empty() || !unready_.contains({model->name, model->version});
  return has_members && model.Condition().ok();
}

Status ModelMap::WhyUnready(const std::string& name, std::int64_t version) const {
  const auto unready = unready_.find({name, version});
  if (unready != unready_.end()) return unready->second;
  const auto model = models_.find(name);
  if (model == models_.end()) return {};
  const auto found = model->second.find(version);
  return found == model->second.end() ? Status() : found->second->Condition();
}

void ModelMap::JudgeEnsembles() {
  unready_.clear();
  std::map<Key, Status> unready;
  for (const auto& [name, versions] : models_) {
    for (const auto& [version, model] : versions) {
      if ((*model)->ensemble == nullptr) continue;
      Status reason = CheckMembers(*model, *this);
      if (!reason.ok()) unready.emplace(Key(name, version), std::move(reason));
    }
  }
  unready_ = std::move(unready);
}

std::vector<ModelHandle> ModelMap::All() const {
  std::vector<ModelHandle> all;
  for (const std::string& name : Names()) {
    for (const auto& [version, model] : models_.find(name)->second) {
      if (IsReady(*model)) all.push_back(model);
    }
  }
  return all;
}

std::vector<ModelHandle> ModelMap::Loaded() const {
  std::vector<ModelHandle> loaded;
  for (const auto& [name, versions] : models_) {
    for (const auto& [version, model] : versions) loaded.push_back(model);
  }
  return loaded;
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
  for (const auto& [version, handle] : model->second) {
    if (IsReady(*handle)) numbers.push_back(version);
  }
  return numbers;
}

ModelMap ModelMap::With(ModelHandle model) const {
  ModelMap changed = *this;
  const std::string name = (*model)->name;
  const std::int64_t version = (*model)->version;
  changed.models_[name].insert_or_assign(version, std::move(model));
  changed.JudgeEnsembles();
  return changed;
}

ModelMap ModelMap::Without(const std::string& name, std::span<const std::int64_t> versions) const {
  ModelMap changed = *this;
  const auto model = changed.models_.find(name);
  if (model == changed.models_.end()) return changed;
  for (const std::int64_t version : versions) model->second.erase(version);
  if (model->second.empty()) changed.models_.erase(model);
  changed.JudgeEnsembles();
  return changed;
}

}  // namespace slipway::serve
