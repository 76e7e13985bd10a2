#include "repository/folder_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace slipway::repository {

std::string WantedState(const FoundModel& model) {
  std::string state = fmt::format("{}\n{}\n{}\n", model.refusal, model.settings.config_json,
                                  model.settings.model_file);
  for (const std::vector<DeclaredTensor>* tensors :
       {&model.settings.inputs, &model.settings.outputs}) {
    for (const DeclaredTensor& tensor : *tensors)
      fmt::format_to(std::back_inserter(state), "{} {} {} {}\n", tensor.name,
                     static_cast<unsigned>(tensor.dtype), fmt::join(tensor.dims, ","),
                     tensor.label_file);
  }
  for (const std::int64_t number : model.Selected().versions) {
    const FoundVersion& version = *model.Find(number);
    fmt::format_to(std::back_inserter(state), "{} {}\n{}", number, version.refusal,
                   version.fingerprint);
  }
  return state;
}

FolderWatch::FolderWatch(const RepositoryLayout& layout) {
  for (const FoundModel& model : layout.models) {
    const std::string state = WantedState(model);
    models_[model.name] = {.applied = state, .last = state};
  }
}

WatchNews FolderWatch::Compare(const RepositoryLayout& layout, bool at_once) {
  WatchNews news;
  for (const FoundModel& model : layout.models) {
    const std::string state = WantedState(model);
    Seen& seen = models_[model.name];
    seen.is_gone = false;
    const bool is_whole = at_once || seen.last == state;
    seen.last = state;
    if (state == seen.applied || !is_whole) continue;
    seen.applied = state;
    news.to_load.push_back(model.name);
  }
  for (auto& [name, seen] : models_) {
    if (seen.is_gone || layout.Find(name) != nullptr) continue;
    seen.is_gone = true;
    news.gone.push_back(name);
  }
  return news;
}

}  // namespace slipway::repository
