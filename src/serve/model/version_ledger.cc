#include "serve/model/version_ledger.h"

#include <chrono>
#include <utility>

namespace slipway::serve {
namespace {

constexpr std::int64_t kRememberedSeconds = 3600;

std::int64_t UnixSeconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool IsGone(ModelState state) {
  return state == ModelState::kUnloading || state == ModelState::kUnloaded;
}

}  // namespace

LoadAttempt VersionLedger::BeginLoad(const std::string& name, std::int64_t version, WallTime now) {
  Entry& entry = entries_[{name, version}];
  entry.status.name = name;
  entry.status.version = version;
  if (entry.serving == 0) Set(entry, ModelState::kPending, "waits to be loaded", now);
  return {.number = ++last_load_, .name = name, .version = version};
}

void VersionLedger::Advance(const LoadAttempt& load, ModelState state, WallTime now) {
  Entry* entry = EntryOf(load);
  if (entry == nullptr || entry->serving != 0) return;
  Set(*entry, state, state == ModelState::kWarming ? "runs for the first time" : "is being loaded",
      now);
}

bool VersionLedger::FinishLoad(const LoadAttempt& load, WallTime now) {
  Entry* entry = EntryOf(load);
  if (entry == nullptr) return false;
  entry->serving = load.number;
  Set(*entry, ModelState::kReady, "", now);
  return true;
}

void VersionLedger::FailLoad(const LoadAttempt& load, std::string reason, WallTime now) {
  Entry* entry = EntryOf(load);
  if (entry == nullptr || entry->serving != 0) return;
  Set(*entry, ModelState::kFailed, std::move(reason), now);
}

void VersionLedger::Remark(const LoadAttempt& load, std::string ailment) {
  Entry* entry = EntryOf(load);
  if (entry != nullptr && entry->serving == load.number) entry->status.reason = std::move(ailment);
}

std::vector<std::int64_t> VersionLedger::Unload(const std::string& name,
                                                std::optional<std::int64_t> version, WallTime now) {
  std::vector<std::int64_t> unloaded;
  for (auto& [key, entry] : entries_) {
    if (key.first != name || version.value_or(key.second) != key.second) continue;
    if (IsGone(entry.status.state)) continue;
    entry.called_off_to = last_load_;
    const bool serves = entry.serving != 0;
    entry.retiring = std::exchange(entry.serving, 0);
    Set(entry, serves ? ModelState::kUnloading : ModelState::kUnloaded,
        serves ? "requests in flight finish" : "unloaded", now);
    unloaded.push_back(key.second);
  }
  return unloaded;
}

void VersionLedger::Buried(const LoadAttempt& load, WallTime now) {
  const auto found = entries_.find({load.name, load.version});
  if (found == entries_.end() || found->second.retiring != load.number) return;
  found->second.retiring = 0;
  if (found->second.status.state == ModelState::kUnloading)
    Set(found->second, ModelState::kUnloaded, "unloaded", now);
}

std::vector<ModelStatus> VersionLedger::Statuses(WallTime now) {
  const std::int64_t oldest = UnixSeconds(now) - kRememberedSeconds;
  std::erase_if(entries_, [&](const auto& row) {
    const ModelStatus& status = row.second.status;
    return status.state == ModelState::kUnloaded && status.since_unix_seconds < oldest;
  });
  std::vector<ModelStatus> statuses;
  for (const auto& [key, entry] : entries_) statuses.push_back(entry.status);
  return statuses;
}

bool VersionLedger::AllReady() const {
  for (const auto& [key, entry] : entries_) {
    if (!IsGone(entry.status.state) && entry.status.state != ModelState::kReady) return false;
  }
  return true;
}

const ModelStatus* VersionLedger::Find(const std::string& name,
                                       std::optional<std::int64_t> version) const {
  const ModelStatus* found = nullptr;
  for (auto row = entries_.lower_bound({name, 0}); row != entries_.end(); ++row) {
    if (row->first.first != name) break;
    if (version.value_or(row->first.second) != row->first.second) continue;
    if (version.has_value() || !IsGone(row->second.status.state)) found = &row->second.status;
  }
  return found;
}

VersionLedger::Entry* VersionLedger::EntryOf(const LoadAttempt& load) {
  const auto found = entries_.find({load.name, load.version});
  if (found == entries_.end() || load.number <= found->second.called_off_to) return nullptr;
  return &found->second;
}

void VersionLedger::Set(Entry& entry, ModelState state, std::string reason, WallTime now) {
  entry.status.state = state;
  entry.status.reason = std::move(reason);
  entry.status.since_unix_seconds = UnixSeconds(now);
}

}  // namespace slipway::serve
