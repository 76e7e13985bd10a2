#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/control/load_request.h"
#include "serve/control/model_source.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

class FolderSource;

/// One version as the repository index shows it.
struct IndexRow {
  std::string name;
  std::int64_t version = 0;  ///< 0: a model without versions
  std::string state;         ///< ModelStateName(); "UNAVAILABLE" for what is known and not loaded
  std::string reason;        ///< empty when ready, unless a step's server is not asked now
};

/// The control use case: what could be served, what is, load and unload at run time. All work that
/// may touch a disk happens on one thread of its own, in the order of the calls; loading itself on
/// the ModelSet's thread. Thread-safe.
class ModelControl {
 public:
  static constexpr std::size_t kMaxWaiting =
      64;  ///< calls that wait for the thread; beyond: Unavailable (kQueueFull)

  /// What is known of another server by its name: nullopt, steps may not name it; "": it is asked;
  /// else why it is not now. Called on the control's thread.
  using RemoteState = std::function<std::optional<std::string>(const std::string& server)>;

  /// All outlive this object and every completion. Without `remotes` no step may name a server.
  /// `list`: the part of `source` that another list of models may take the place of; absent: none.
  static std::unique_ptr<ModelControl> Create(ModelSet& models, const ModelSource& source,
                                              RemoteState remotes = {},
                                              FolderSource* list = nullptr);
  virtual ~ModelControl() = default;

  using Done = std::function<void(Status)>;
  using IndexDone = std::function<void(Result<std::vector<IndexRow>>)>;
  using AliasDone = std::function<void(Result<std::int64_t>)>;

  /// Every version that is loaded, was in the last hour, or could be; by name, then version. `done`
  /// runs once, on another thread, or at once when the call is refused; so for all five.
  virtual void Index(bool ready_only, IndexDone done) = 0;

  /// Loads what the request chooses and completes when all of it is ready. A choice replaces: once
  /// the new versions are ready, the others of this model are unloaded; when one fails, nothing is
  /// unloaded. A version that is ready with the same package and configuration stays as it is. The
  /// models of an ensemble are loaded before it where they are not ready: the version that its step
  /// names, or the latest of those that the source wants. An ensemble that failed is loaded again
  /// by itself when one of its models is loaded. NotFound (kModelNotFound); what ModelSet::Load()
  /// says.
  virtual void Load(std::string name, LoadRequest request, Done done) = 0;

  /// Unloads all versions of a model; those that are known but not loaded count as done.
  /// `with_dependents`: an ensemble's models too, but for those that other loaded ensembles need.
  /// NotFound.
  virtual void Unload(std::string name, bool with_dependents, Done done) = 0;

  /// Puts a list of models in the place of the one that is served: `text` is a models.config.
  /// Models that it adds, or has elsewhere or with another version policy, are loaded, beside what
  /// is served; once all are ready, versions and models that it does not want are unloaded, and its
  /// labels count. Requests in flight finish. An error: nothing has changed (beside that a version
  /// that was replaced came back). FailedPrecondition: no list is served, or more
  /// than one; Unavailable (kQueueFull): another list is on its way; InvalidArgument
  /// (kInvalidPackage): it is no list, or a name is that of a model from elsewhere; what
  /// FolderSource::TryList() and Load() say.
  virtual void ReplaceList(std::string text, Done done) = 0;
  /// How often a list took the place of another: what was learned of aliases before is out of date.
  virtual std::uint64_t ListsReplaced() const = 0;

  /// The version that an alias of a model names now, loaded or not. NotFound.
  virtual void ResolveAlias(std::string name, std::string alias, AliasDone done) = 0;
};

}  // namespace slipway::serve
