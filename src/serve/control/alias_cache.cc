#include "serve/control/alias_cache.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"

namespace slipway::serve {

void AliasCache::Resolve(std::string model, std::string alias, Done done) {
  const Key key(std::move(model), std::move(alias));
  const std::uint64_t lists = control_.ListsReplaced();
  std::int64_t known = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    const bool is_fresh = found != entries_.end() && found->second.lists == lists &&
                          clock_.Now() - found->second.since < kMaxAge;
    if (is_fresh) known = found->second.version;
  }
  if (known > 0) return done(known);
  control_.ResolveAlias(key.first, key.second,
                        [this, key, lists, done = std::move(done)](Result<std::int64_t> version) {
                          if (version.ok()) Remember(key, *version, lists);
                          done(std::move(version));
                        });
}

void AliasCache::Remember(const Key& key, std::int64_t version, std::uint64_t lists) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMost) entries_.clear();
  entries_[key] = {.version = version, .lists = lists, .since = clock_.Now()};
}

Status NotReadyByAlias(std::string_view alias, const Status& missing) {
  if (missing.code() != Code::kNotFound) return missing;
  return Unavailable(fmt::format("\"{}\": {}", alias, missing.message()))
      .With(errors::kModelNotReady);
}

}  // namespace slipway::serve
