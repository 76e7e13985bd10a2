#include "serve/control/alias_cache.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"

namespace slipway::serve {

void AliasCache::Resolve(std::string model, std::string alias, Done done) {
  const Key key(std::move(model), std::move(alias));
  std::int64_t known = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    const bool is_fresh = found != entries_.end() && clock_.Now() - found->second.since < kMaxAge;
    if (is_fresh) known = found->second.version;
  }
  if (known > 0) return done(known);
  control_.ResolveAlias(key.first, key.second,
                        [this, key, done = std::move(done)](Result<std::int64_t> version) {
                          if (version.ok()) Remember(key, *version);
                          done(std::move(version));
                        });
}

void AliasCache::Remember(const Key& key, std::int64_t version) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMost) entries_.clear();
  entries_[key] = {.version = version, .since = clock_.Now()};
}

Status NotReadyByAlias(std::string_view alias, const Status& missing) {
  if (missing.code() != Code::kNotFound) return missing;
  return Unavailable(fmt::format("\"{}\": {}", alias, missing.message()))
      .With(errors::kModelNotReady);
}

}  // namespace slipway::serve
