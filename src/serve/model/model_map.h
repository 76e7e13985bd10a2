#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "serve/model/served_model.h"

namespace slipway::serve {

/// The ready versions at one moment. Immutable once published; making a changed copy costs a
/// look at every version, finding one a hash and a few comparisons.
class ModelMap {
 public:
  /// The version asked for, or the highest; null if there is none.
  ModelHandle Find(std::string_view name, std::optional<std::int64_t> version) const;
  bool Contains(std::string_view name) const { return models_.contains(name); }

  std::vector<ModelHandle> All() const;                             ///< by name, then version
  std::vector<std::string> Names() const;                           ///< ascending
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

  std::unordered_map<std::string, ByVersion, Hash, std::equal_to<>> models_;
};

}  // namespace slipway::serve
