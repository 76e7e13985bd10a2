#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "repository/layout.h"
#include "repository/model_list.h"

namespace slipway::repository {

/// A folder of models, or a list of them, that is looked at again and again while it is served.
/// Another list may take its place until the list on the disk says something else than it did then:
/// what was said last counts. Thread-safe; every call but path() and TakeReplaced() reads disks.
class ServedRepository {
 public:
  explicit ServedRepository(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// The models that are there, of the list that counts. What ReadRepository() says.
  Result<RepositoryLayout> Read();

  /// A list that may take the place of the rest, with its models as they lie on the disk.
  struct Candidate {
    ModelList list;
    RepositoryLayout layout;
    std::string replaces;  ///< what the list on the disk says now; "": there is none
  };
  /// `text` as though it stood at the path: see ParseModelList() and ReadListAt(). Changes nothing.
  /// The errors of ParseModelList(), and of reading what lies at the path.
  Result<Candidate> Consider(std::string_view text) const;
  /// From now on the candidate counts.
  void Replace(Candidate candidate);

  /// What took the place of the rest since this was asked last, as it was then.
  std::optional<RepositoryLayout> TakeReplaced();

 private:
  bool HasGiven();
  /// The list that was given, while the one on the disk says `text`.
  std::optional<ModelList> GivenWhile(const std::string& text);

  const std::string path_;
  std::mutex mutex_;  // guards what follows
  std::optional<ModelList> given_;
  std::string replaced_;  // the text that given_ replaces
  std::optional<RepositoryLayout> news_;
};

}  // namespace slipway::repository
