#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "serve/model/served_model.h"

namespace slipway::serve {

/// The loaded versions at one moment, and which of them are ready: all but ensembles whose models
/// are missing, and those whose process is not started again. Immutable once published; making a
/// changed copy costs a look at every version, finding one a hash and a few comparisons.
class ModelMap {
 public:
  /// The version asked for, or the highest that is ready; null if there is none.
  ModelHandle Find(std::string_view name, std::optional<std::int64_t> version) const;
  bool Contains(std::string_view name) const { return models_.contains(name); }

  /// Why a loaded version is not ready: CheckMembers(), ServedModel::Condition(). Success: it is,
  /// or is not loaded.
  Status WhyUnready(const std::string& name, std::int64_t version) const;

  bool AreEnsemblesReady() const { return unready_.empty(); }

  std::vector<ModelHandle> All() const;     ///< that are ready, by name, then version
  std::vector<ModelHandle> Loaded() const;  ///< all of them, in any order
  std::vector<std::string> Names() const;   ///< ascending
  std::vector<std::int64_t> Versions(std::string_view name) const;  ///< ascending

  ModelMap With(ModelHandle model) const;  ///< replaces the same version
  ModelMap Without(const std::string& name, std::span<const std::int64_t> versions) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using ByVersion = std::map<std::int64_t, ModelHandle>;
  using Key = std::pair<std::string, std::int64_t>;

  void JudgeEnsembles();
  bool IsReady(const ServedModel& model) const;

  std::unordered_map<std::string, ByVersion, Hash, std::equal_to<>> models_;
  std::map<Key, Status> unready_;  // loaded ensembles that cannot run now
};

}  // namespace slipway::serve
