#include "serve/control/list_transition.h"

#include <fmt/format.h>

#include "base/log.h"

namespace slipway::serve {

void ListTransition::Start() {
  for (const auto& [name, versions] : change_.wanted) {
    for (const std::int64_t version : versions)
      before_[{name, version}] = DigestOf({name, version});
  }
  LoadAll(before_);
}

// One more than there are, so that it ends where there is none, and after the last was begun.
void ListTransition::LoadAll(const std::map<Key, std::string>& versions) {
  {
    const std::lock_guard lock(mutex_);
    remaining_ = versions.size() + 1;
  }
  for (const auto& [key, digest] : versions) {
    means_.load(key.first, key.second, [self = shared_from_this(), key = key](Status outcome) {
      self->Finished(key, std::move(outcome));
    });
  }
  Finished({}, {});
}

void ListTransition::Finished(const Key& key, Status outcome) {
  if (!CountDown(key, std::move(outcome))) return;
  if (is_undoing_) return done_(failure_);
  failure_.ok() ? Complete() : Undo();
}

bool ListTransition::CountDown(const Key& key, Status outcome) {
  const std::lock_guard lock(mutex_);
  if (!outcome.ok() && is_undoing_) {
    Log(LogLevel::kError, "model {}:{} stays as the list that failed has it: {}", key.first,
        key.second, outcome.ToString());
  } else if (!outcome.ok() && failure_.ok()) {
    failure_ = std::move(outcome).At(fmt::format("{}:{}", key.first, key.second));
  }
  return --remaining_ == 0;
}

void ListTransition::Complete() {
  means_.list.KeepList();
  means_.kept();
  // What somebody else unloaded meanwhile is gone either way.
  for (const std::string& name : change_.gone) (void)means_.models.Unload(name, std::nullopt);
  for (const ModelStatus& status : means_.models.Statuses()) {
    const bool is_changed = change_.wanted.contains(status.name);
    if (is_changed && !before_.contains({status.name, status.version}))
      (void)means_.models.Unload(status.name, status.version);
  }
  done_({});
}

void ListTransition::Undo() {
  means_.list.DropList();
  std::map<Key, std::string> replaced;
  for (const auto& [key, digest] : before_) {
    if (digest.empty()) {
      (void)means_.models.Unload(key.first, key.second);
    } else if (DigestOf(key) != digest) {
      replaced[key] = digest;
    }
  }
  // A load is called off when the server ends.
  if (replaced.empty() || failure_.code() == Code::kCancelled) return done_(failure_);
  {
    const std::lock_guard lock(mutex_);
    is_undoing_ = true;
  }
  means_.post([self = shared_from_this(), replaced] { self->LoadAll(replaced); });
}

std::string ListTransition::DigestOf(const Key& key) const {
  const Result<ModelHandle> model = means_.models.Find(key.first, key.second);
  return model.ok() ? (**model)->package_digest : "";
}

}  // namespace slipway::serve
