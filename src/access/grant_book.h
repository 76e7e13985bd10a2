#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/grant.h"
#include "access/usage.h"
#include "base/clock.h"
#include "base/status.h"

namespace slipway::access {

/// A grant, and what its holder uses of it. The usage outlives the grant's changes.
struct Holder {
  Grant grant;
  std::shared_ptr<Usage> usage;
};

/// The grants of a store's file, as they are now: read again when the file changes, which is looked
/// at once a second, and at once for a name that is not known. A file that is damaged then changes
/// nothing, and the log says so. Thread-safe; a look-up copies a pointer under a lock.
class GrantBook {
 public:
  /// Told what became of reading again, on the thread that looked.
  using OnReload = std::function<void(const Status& status)>;

  /// DataLoss: it is damaged now.
  static Result<std::unique_ptr<GrantBook>> Open(const std::string& store_folder);

  ~GrantBook();

  void TellReloads(OnReload on_reload) { on_reload_ = std::move(on_reload); }

  std::shared_ptr<const Holder> ById(std::string_view id, MonotonicTime now);
  /// Of the first name that has a grant. One that was made just now may take a second.
  std::shared_ptr<const Holder> ByCertificate(std::span<const std::string> names,
                                              MonotonicTime now);

  std::shared_ptr<const Holder> ByLogin(std::string_view user, MonotonicTime now);

 private:
  struct Index;
  struct FileState;

  explicit GrantBook(std::string folder);
  Status Read(const FileState& state);
  std::shared_ptr<const Index> Current() const;
  void LookAgain(MonotonicTime now, bool at_once);

  const std::string folder_;
  OnReload on_reload_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<const Index> index_;
  std::unique_ptr<FileState> state_;
  MonotonicTime next_look_;
};

}  // namespace slipway::access
