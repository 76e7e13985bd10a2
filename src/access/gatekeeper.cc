#include "access/gatekeeper.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "access/key_file.h"
#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::access {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

Status Refused(std::string message) {
  return Unauthenticated(std::move(message))
      .With(errors::kKeyMissing)
      .Hint(
          "send \"Authorization: Bearer KEY\" or \"Slipway-Key: KEY\"; the server's first start "
          "wrote the admin key to admin.key in its store, and slipway grant makes others");
}

/// The one key of a request; empty: none.
Result<std::string_view> TheKey(const Presented& presented) {
  std::string_view key;
  int keys = presented.is_repeated ? 2 : 0;
  const auto take = [&](std::string_view text) {
    key = text;
    ++keys;
  };
  if (presented.authorization != nullptr) {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view text = *presented.authorization;
    if (text.size() <= kScheme.size() || !EqualsIgnoreCase(text.substr(0, kScheme.size()), kScheme))
      return Refused("the Authorization header is not \"Bearer KEY\"");
    take(Trim(text.substr(kScheme.size())));
  }
  if (presented.key != nullptr) take(Trim(*presented.key));
  if (presented.admin_key != nullptr) take(Trim(*presented.admin_key));
  if (keys > 1) return Refused("the request presents more than one key");
  return key;
}

std::string_view NeededFor(Right right) {
  switch (right) {
    case Right::kNothing:
      break;
    case Right::kDescribe:
      return "describing models";
    case Right::kInfer:
      return "running a model";
    case Right::kObserve:
      return "reading statistics";
    case Right::kReadConfiguration:
      return "reading the configuration";
    case Right::kInspect:
      return "listing what the server has";
    case Right::kAdminister:
      return "administering the server";
  }
  return "this";
}

Status CheckRoles(const ApiKey& key, Right right) {
  if (std::ranges::any_of(key.roles, [right](Role role) { return Includes(role, right); }))
    return {};
  return PermissionDenied(fmt::format("the key \"{}\" is for {}, not for {}", key.name,
                                      RoleNames(key.roles), NeededFor(right)))
      .With(errors::kRoleMissing)
      .Hint("ask for a key with another role: slipway grant NAME --role ROLE");
}

/// What tells one state of a file from another.
struct FileState {
  timespec changed{};
  off_t bytes = 0;
  ino_t inode = 0;
  bool operator==(const FileState& other) const {
    return changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec &&
           bytes == other.bytes && inode == other.inode;
  }
};

FileState StateOf(const std::string& path) {
  struct stat file{};
  if (stat(path.c_str(), &file) != 0) return {};
  return {.changed = file.st_ctim, .bytes = file.st_size, .inode = file.st_ino};
}

/// The keys of a file, as they are now.
class FileKeys {
 public:
  explicit FileKeys(std::string folder) : folder_(std::move(folder)) {}

  Status Read(const FileState& state) {
    SLIPWAY_TRY(std::vector<ApiKey> keys, ReadApiKeys(folder_));
    auto by_id = std::make_shared<ById>();
    for (ApiKey& key : keys) by_id->insert_or_assign(std::string(key.id), std::move(key));
    const std::lock_guard lock(mutex_);
    state_ = state;
    by_id_ = std::move(by_id);
    return {};
  }

  std::string path() const { return KeyFilePath(folder_); }

  std::shared_ptr<const ApiKey> Find(std::string_view id, MonotonicTime now) {
    LookAgain(now, false);
    if (auto known = FindIn(Current(), id)) return known;
    LookAgain(now, true);  // it may have been made just now
    return FindIn(Current(), id);
  }

 private:
  using ById = std::unordered_map<std::string, ApiKey>;

  static std::shared_ptr<const ApiKey> FindIn(const std::shared_ptr<const ById>& keys,
                                              std::string_view id) {
    const auto found = keys->find(std::string(id));
    if (found == keys->end()) return nullptr;
    return {keys, &found->second};
  }

  std::shared_ptr<const ById> Current() const {
    const std::lock_guard lock(mutex_);
    return by_id_;
  }

  void LookAgain(MonotonicTime now, bool at_once) {
    FileState known;
    {
      const std::lock_guard lock(mutex_);
      if (!at_once && now < next_look_) return;
      next_look_ = now + kLookEvery;
      known = state_;
    }
    const FileState state = StateOf(path());
    if (state == known) return;
    if (const Status read = Read(state); !read.ok()) {
      Log(LogLevel::kWarning, "the API keys stay as they were: {}", read.ToString());
      const std::lock_guard lock(mutex_);
      state_ = state;  // said once
    }
  }

  const std::string folder_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<const ById> by_id_ = std::make_shared<ById>();
  FileState state_;
  MonotonicTime next_look_;
};

class KeyGatekeeper final : public Gatekeeper {
 public:
  KeyGatekeeper(AdminKey admin, Openness openness, std::unique_ptr<FileKeys> keys,
                const Clock* clock)
      : Gatekeeper(openness), admin_(admin), keys_(std::move(keys)), clock_(clock) {}

  Status Admit(Right right, const Presented& presented) const override {
    if (IsOpen(right)) return {};
    SLIPWAY_TRY(const std::string_view key, TheKey(presented));
    if (key.empty()) return Refused(fmt::format("{} needs a key", NeededFor(right)));
    if (admin_.Admits(key)) return {};
    SLIPWAY_TRY(const std::shared_ptr<const ApiKey> holder, HolderOf(key));
    return CheckRoles(*holder, right);
  }

 private:
  Result<std::shared_ptr<const ApiKey>> HolderOf(std::string_view key) const {
    const std::string_view id = ApiKeyId(key);
    const auto holder = id.empty() || keys_ == nullptr ? nullptr : keys_->Find(id, clock_->Now());
    if (holder == nullptr || !HasDigest(key, holder->digest))
      return Refused("the key is not one of this server");
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock_->WallNow().time_since_epoch());
    if (holder->IsExpired(now.count()))
      return Refused(fmt::format("the key \"{}\" is expired", holder->name));
    return holder;
  }

  const AdminKey admin_;
  const std::unique_ptr<FileKeys> keys_;
  const Clock* const clock_;
};

}  // namespace

Result<std::shared_ptr<const Gatekeeper>> Gatekeeper::ForStore(const std::string& store_folder,
                                                               Openness openness,
                                                               const Clock& clock) {
  SLIPWAY_TRY(const AdminKey admin, AdminKey::LoadOrCreate(store_folder));
  auto keys = std::make_unique<FileKeys>(store_folder);
  SLIPWAY_RETURN_IF_ERROR(keys->Read(StateOf(keys->path())));
  return std::shared_ptr<const Gatekeeper>(
      std::make_shared<KeyGatekeeper>(admin, openness, std::move(keys), &clock));
}

std::shared_ptr<const Gatekeeper> Gatekeeper::WithKey(AdminKey key, Openness openness) {
  return std::make_shared<KeyGatekeeper>(key, openness, nullptr, nullptr);
}

}  // namespace slipway::access
