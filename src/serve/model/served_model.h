#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/compile_cache.h"
#include "engine/engine.h"
#include "package/manifest.h"
#include "serve/batch/batch_learner.h"
#include "serve/batch/batch_profile.h"
#include "serve/model/model_config.h"
#include "serve/model/model_counters.h"
#include "serve/model/output_memory.h"
#include "serve/model/residence.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// Where a model version stands. The words are the same in the API, the command line, logs and
/// metrics.
enum class ModelState : std::uint8_t {
  kPending,
  kLoading,
  kWarming,
  kReady,
  kFailed,
  kUnloading,
  kUnloaded
};
std::string_view ModelStateName(
    ModelState state);  ///< "READY", as the repository index writes it where Triton has a word

struct ServedEnsemble;

/// One loaded version: immutable but for what it counts, while anybody holds it. Thread-safe.
class ServedModel {
 public:
  struct Parts {
    std::string name;
    std::int64_t version = 1;
    Signature signature;
    std::map<std::string, std::vector<std::string>> labels;  ///< output -> class names
    package::Lineage lineage;
    std::string package_digest;                            ///< empty for a model served from a file
    std::shared_ptr<const engine::Executable> executable;  ///< null: an ensemble
    std::shared_ptr<const Residence> residence;            ///< null: always in memory
    std::shared_ptr<const ServedEnsemble> ensemble;        ///< null: a graph of its own
    std::string platform;                                  ///< "onnxruntime_onnx", "ensemble"
    std::vector<OutputMemory> output_memory;  ///< one per output; empty: kEngine for all
    std::chrono::nanoseconds run_time{0};     ///< t(1), measured while warming; 0: not measured
    BatchProfile batches;                     ///< t(b), measured at load
    bool learns_batches = false;              ///< t(b) is learned while it serves
    BatchProfile measured_before;             ///< t(b) that an earlier start kept; or unknown
    ModelConfig config;
    std::optional<BatchRules> batch_rules;  ///< by configuration, in the place of t(b)
    std::uint64_t memory_bytes = 0;         ///< that it has to itself, measured while loading
    std::uint64_t mapped_bytes = 0;  ///< of its weights, in files that all who load them share
    engine::CompileCache::Origin origin = engine::CompileCache::Origin::kCompiled;
    std::string compiled_entry;             ///< whose weights those are; ""
    std::chrono::nanoseconds load_time{0};  ///< from the start of the load to ready
  };
  static constexpr std::chrono::seconds kSurprise{10};

  explicit ServedModel(Parts parts);
  const Parts* operator->() const { return &parts_; }
  /// What runs it, as Triton names backends: "onnxruntime"; "" for an ensemble.
  std::string_view backend() const;
  /// The tensors that clients send and get: without those that the server keeps for a sequence.
  const Signature& client_signature() const { return client_signature_; }
  /// What this version has counted since it was loaded.
  ModelCounters& counters() const { return counters_; }
  /// Which of its requests that wait for a worker run together now; thread-safe. See
  /// BatchLearner::Next().
  BatchLearner::Plan PlanBatch(std::span<const std::int64_t> rows,
                               std::chrono::nanoseconds longest) const;
  /// What is known of t(b) by now.
  BatchProfile Batches() const;
  /// False: a run has to wait until the model is back (ResidentModels).
  bool IsInMemory() const { return parts_.residence == nullptr || parts_.residence->IsIn(); }
  /// Success, unless it runs in a process of its own that is not started again: why.
  Status Condition() const {
    const engine::OutsideProcess* const outside =
        parts_.executable == nullptr ? nullptr : parts_.executable->outside();
    return outside == nullptr ? Status() : outside->condition();
  }
  /// Whether its requests may share runs at all, as far as is known.
  bool SharesRuns() const { return parts_.learns_batches || parts_.batches.best_rows() > 1; }
  /// Whether a request waits for company that has not come, as its configuration wants.
  bool AwaitsCompany() const {
    return parts_.batch_rules.has_value() && parts_.batch_rules->max_delay.count() > 0;
  }
  /// A run of so many rows took so long, for so many requests: none where its rows were made up.
  void NoteRun(std::int64_t rows, std::size_t requests, std::chrono::nanoseconds time) const;
  /// How its requests run of late, alone or together; before any did, as `run_time` says. Costs two
  /// loads.
  struct Pace {
    std::chrono::nanoseconds each{0};  ///< what a request takes of a worker
    std::chrono::nanoseconds run{0};   ///< how long the run lasts that it is in
  };
  Pace PaceOfLate() const;
  void NoteJointFailure(std::int64_t rows) const {
    if (parts_.learns_batches) learner_.NoteFailure(rows);
  }
  void NoteTrial(BatchLearner::Trial outcome) const { learner_.NoteTrial(outcome); }

  /// False for kSurprise after a run took far longer than its rows let expect: `run_time` says
  /// nothing then. Not for ever, since a machine that stalls looks the same as such a model.
  bool IsPredictable(MonotonicTime now) const {
    return now.time_since_epoch().count() >= surprised_until_.load(std::memory_order_relaxed);
  }
  void NoteSurprise(MonotonicTime now) const {
    surprised_until_.store((now + kSurprise).time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  const Parts parts_;
  const Signature client_signature_;
  mutable ModelCounters counters_;
  mutable BatchLearner learner_;
  mutable std::atomic<std::int64_t> each_{0};  ///< Pace's, in nanoseconds; moving averages
  mutable std::atomic<std::int64_t> run_{0};
  mutable std::atomic<MonotonicTime::rep> surprised_until_{
      MonotonicTime::min().time_since_epoch().count()};
};

/// Pins a version: it is not unloaded while a handle lives.
using ModelHandle = std::shared_ptr<const ServedModel>;

}  // namespace slipway::serve
