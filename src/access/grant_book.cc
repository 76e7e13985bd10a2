#include "access/grant_book.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "access/grant_file.h"
#include "base/log.h"

namespace slipway::access {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

using Holders = std::unordered_map<std::string, std::shared_ptr<const Holder>>;

std::shared_ptr<const Holder> FindIn(const Holders& holders, std::string_view name) {
  const auto found = holders.find(std::string(name));
  return found == holders.end() ? nullptr : found->second;
}

}  // namespace

/// Changed by being replaced.
struct GrantBook::Index {
  Holders by_id;
  Holders by_certificate;
  Holders by_login;
};

/// What tells one state of a file from another.
struct GrantBook::FileState {
  static FileState Of(const std::string& path) {
    struct stat file{};
    if (stat(path.c_str(), &file) != 0) return {};
    return {.changed = file.st_ctim, .bytes = file.st_size, .inode = file.st_ino};
  }
  bool operator==(const FileState& other) const {
    return changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec &&
           bytes == other.bytes && inode == other.inode;
  }

  timespec changed{};
  off_t bytes = 0;
  ino_t inode = 0;
};

Result<std::unique_ptr<GrantBook>> GrantBook::Open(const std::string& store_folder) {
  std::unique_ptr<GrantBook> book(new GrantBook(store_folder));
  SLIPWAY_RETURN_IF_ERROR(book->Read(FileState::Of(GrantFilePath(store_folder))));
  return book;
}

GrantBook::GrantBook(std::string folder) : folder_(std::move(folder)) {}

GrantBook::~GrantBook() = default;

std::shared_ptr<const Holder> GrantBook::ById(std::string_view id, MonotonicTime now) {
  LookAgain(now, false);
  if (auto known = FindIn(Current()->by_id, id)) return known;
  LookAgain(now, true);  // it may have been made just now
  return FindIn(Current()->by_id, id);
}

std::shared_ptr<const Holder> GrantBook::ByCertificate(std::span<const std::string> names,
                                                       MonotonicTime now) {
  LookAgain(now, false);
  const std::shared_ptr<const Index> index = Current();
  if (index->by_certificate.empty()) return nullptr;
  for (const std::string& name : names) {
    if (auto known = FindIn(index->by_certificate, name)) return known;
  }
  return nullptr;
}

std::shared_ptr<const Holder> GrantBook::ByLogin(std::string_view user, MonotonicTime now) {
  LookAgain(now, false);
  if (auto known = FindIn(Current()->by_login, user)) return known;
  LookAgain(now, true);
  return FindIn(Current()->by_login, user);
}

Status GrantBook::Read(const FileState& state) {
  SLIPWAY_TRY(std::vector<Grant> grants, ReadGrants(folder_));
  const std::shared_ptr<const Index> before = Current();
  auto index = std::make_shared<Index>();
  for (Grant& grant : grants) {
    const auto known = before == nullptr ? nullptr : FindIn(before->by_id, grant.id);
    const auto holder = std::make_shared<const Holder>(
        Holder{.grant = std::move(grant),
               .usage = known == nullptr ? std::make_shared<Usage>() : known->usage});
    index->by_id[holder->grant.id] = holder;
    if (const auto* name = std::get_if<CertificateName>(&holder->grant.credential))
      index->by_certificate[name->text] = holder;
    if (std::holds_alternative<PasswordHash>(holder->grant.credential))
      index->by_login[holder->grant.name] = holder;
  }
  const std::lock_guard lock(mutex_);
  state_ = std::make_unique<FileState>(state);
  index_ = std::move(index);
  return {};
}

std::shared_ptr<const GrantBook::Index> GrantBook::Current() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

void GrantBook::LookAgain(MonotonicTime now, bool at_once) {
  FileState known;
  {
    const std::lock_guard lock(mutex_);
    if (!at_once && now < next_look_) return;
    next_look_ = now + kLookEvery;
    known = *state_;
  }
  const FileState state = FileState::Of(GrantFilePath(folder_));
  if (state == known) return;
  const Status read = Read(state);
  if (!read.ok()) {
    Log(LogLevel::kWarning, "the API keys stay as they were: {}", read.ToString());
    const std::lock_guard lock(mutex_);
    *state_ = state;  // said once
  }
  if (on_reload_) on_reload_(read);
}

}  // namespace slipway::access
