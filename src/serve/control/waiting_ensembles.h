#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "serve/control/load_request.h"

namespace slipway::serve {

/// Ensembles that were to be loaded and could not be, since their models were not there: they are
/// loaded once one of these models is. Remembers at most kMost. Thread-safe.
class WaitingEnsembles {
 public:
  static constexpr std::size_t kMost = 1024;

  struct Load {
    std::string name;
    LoadRequest request;
  };

  /// `models`: the names of its steps' models.
  void Add(Load load, std::set<std::string> models) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMost && !waiting_.contains(load.name)) return;
    waiting_[load.name] = {std::move(load.request), std::move(models)};
  }

  void Forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(name);
  }

  /// Those that wait for one of these models, which are loaded now; they wait no more.
  std::vector<Load> Take(const std::set<std::string>& loaded) {
    const std::lock_guard lock(mutex_);
    std::vector<Load> taken;
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      if (!AreMet(each->second.models, loaded)) {
        ++each;
        continue;
      }
      taken.push_back({each->first, std::move(each->second.request)});
      each = waiting_.erase(each);
    }
    return taken;
  }

 private:
  struct Waiting {
    LoadRequest request;
    std::set<std::string> models;
  };

  static bool AreMet(const std::set<std::string>& wanted, const std::set<std::string>& loaded) {
    for (const std::string& name : wanted) {
      if (loaded.contains(name)) return true;
    }
    return false;
  }

  std::mutex mutex_;
  std::map<std::string, Waiting> waiting_;  // by the ensemble's name; guarded by mutex_
};

}  // namespace slipway::serve
