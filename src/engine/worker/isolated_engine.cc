#include "engine/worker/isolated_engine.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "engine/folder_lock.h"
#include "engine/worker/worker_words.h"
#include "sandbox/find_program.h"
#include "sandbox/run_confined.h"

namespace slipway::engine {

namespace {

using Record = SuspectInputs::Record;

constexpr std::uint64_t kMaxCompiledBytes = std::uint64_t{64} << 30;

/// The fingerprints of a run's inputs, made when they are asked for.
class RunFingerprints {
 public:
  explicit RunFingerprints(const RunArguments& run) : run_(run) {}
  const std::vector<Checksum>& Get() {
    if (all_.empty()) all_ = FingerprintsOf(run_.inputs, run_.limits.rows_of_requests);
    return all_;
  }

 private:
  const RunArguments& run_;
  std::vector<Checksum> all_;
};

class IsolatedExecutable final : public Executable {
 public:
  IsolatedExecutable(std::shared_ptr<WorkerHost> host, std::shared_ptr<WorkerPost> post,
                     Signature signature, FileDescriptor files)
      : files_(std::move(files)),
        host_(std::move(host)),
        post_(std::move(post)),
        signature_(std::move(signature)) {}
  IsolatedExecutable(const IsolatedExecutable&) = delete;
  IsolatedExecutable& operator=(const IsolatedExecutable&) = delete;
  ~IsolatedExecutable() override { host_->Close(post_); }

  const Signature& signature() const override { return signature_; }
  const OutsideProcess* outside() const override { return post_.get(); }

  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const RunLimits& limits) const override {
    if (inputs.size() != signature_.inputs.size() || wanted.size() != outputs.size() ||
        wanted.size() > kMaxSlotTensors) {
      return Internal(fmt::format("{} inputs for a model of {}, {} outputs for {} wanted",
                                  inputs.size(), signature_.inputs.size(), outputs.size(),
                                  wanted.size()))
          .With(errors::kEngineRunFailed);
    }
    const RunArguments run{signature_, inputs, wanted, outputs, limits};
    RunFingerprints own(run);
    if (RecordOf(own) == Record::kRefused) return Refuse();
    SLIPWAY_TRY(const std::shared_ptr<SlotPool> slots, post_->AwaitSlots(limits.deadline));
    const Record record = RecordOf(own);  // by now: it may have waited for the next process
    if (record == Record::kRefused) return Refuse();
    SlotPool::Outcome outcome = slots->Run(run, record == Record::kSuspect);
    if (outcome.end == SlotPool::End::kNonsense) host_->Condemn(slots);
    Note(outcome, record, own);
    return std::move(outcome.status);
  }

 private:
  Record RecordOf(RunFingerprints& own) const {
    SuspectInputs& suspects = post_->suspects();
    if (suspects.IsEmpty()) return Record::kClear;
    return suspects.Of(own.Get(), std::chrono::steady_clock::now());
  }

  Status Refuse() const {
    host_->CountRefusal();
    return post_->Refusal();
  }

  void Note(const SlotPool::Outcome& outcome, Record record, RunFingerprints& own) const {
    switch (outcome.end) {
      case SlotPool::End::kGone:
      case SlotPool::End::kNonsense:
        return post_->Accuse(own.Get(), outcome.in_trial);
      case SlotPool::End::kAnswered:
        // One that was cut off by its deadline may not have come to what ends the process.
        if (record == Record::kSuspect && outcome.status.code() != Code::kDeadlineExceeded)
          post_->suspects().Clear(own.Get());
        return;
      case SlotPool::End::kNotBegun:
      case SlotPool::End::kLate:
        return;
    }
  }

  const FileDescriptor files_;  // locked: the next process loads them by their names
  const std::shared_ptr<WorkerHost> host_;
  const std::shared_ptr<WorkerPost> post_;
  const Signature signature_;
};

Status CheckSource(const ModelSource& source) {
  if (source.bytes.empty() && source.weights.empty()) return {};
  return Unimplemented("a model in memory is not loaded in a process of its own: files are");
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  return std::filesystem::absolute(path, error).string();
}

}  // namespace

Result<std::unique_ptr<IsolatedEngine>> IsolatedEngine::Create(const Engine& engine,
                                                               WorkerOptions options) {
  if (options.program.empty()) {
    SLIPWAY_TRY(options.program, sandbox::FindProgram("slipway-worker"));
  }
  SLIPWAY_TRY(std::shared_ptr<WorkerHost> host, WorkerHost::Start(std::move(options)));
  return std::unique_ptr<IsolatedEngine>(new IsolatedEngine(engine, std::move(host)));
}

Result<std::unique_ptr<Executable>> IsolatedEngine::Compile(const ModelSource& source,
                                                            const CompileOptions& options) {
  SLIPWAY_RETURN_IF_ERROR(CheckSource(source));
  return Open(TaskOf(source, options), {});
}

Result<std::unique_ptr<Executable>> IsolatedEngine::LoadCompiled(const std::string& folder,
                                                                 const CompileOptions& options) {
  WorkerTask task = TaskOf({}, options);
  task.kind = WorkerTask::Kind::kLoadCompiled;
  task.folder = Absolute(folder);
  SLIPWAY_TRY(FileDescriptor files, LockFolder(task.folder, FolderLock::kInUse));
  return Open(std::move(task), std::move(files));
}

Status IsolatedEngine::WriteCompiled(const ModelSource& source, const CompileOptions& options,
                                     const std::string& folder) {
  SLIPWAY_RETURN_IF_ERROR(CheckSource(source));
  WorkerTask task = TaskOf(source, options);
  task.kind = WorkerTask::Kind::kWriteCompiled;
  task.folder = Absolute(folder);
  SLIPWAY_TRY(const sandbox::ConfinedEnd end,
              sandbox::RunConfined({.path = host_->options().program,
                                    .arguments = EncodeTask(task),
                                    .descriptors = {},
                                    .result_descriptor = kWorkerAnswer,
                                    .max_result_bytes = kMaxWorkerAnswer,
                                    .max_data_bytes = host_->options().memory_bytes,
                                    .may_have_threads = true,
                                    .max_file_bytes = kMaxCompiledBytes,
                                    .time_limit = host_->options().load_limit}));
  if (!end.result.empty()) return DecodeReady(end.result).status();
  return InvalidArgument(fmt::format("the process that compiled the model {}", end.Describe()))
      .With(errors::kEngineRejectedModel);
}

WorkerTask IsolatedEngine::TaskOf(const ModelSource& source, const CompileOptions& options) const {
  const WorkerOptions& workers = host_->options();
  WorkerTask task{.library = engine_.library(),
                  .path = source.path.empty() ? "" : Absolute(source.path),
                  .options = options,
                  .memory = {.slots = workers.slots, .region_bytes = workers.region_bytes}};
  for (const std::string& file : source.files) task.files.push_back(Absolute(file));
  return task;
}

Result<std::unique_ptr<Executable>> IsolatedEngine::Open(WorkerTask task, FileDescriptor files) {
  auto post = std::make_shared<WorkerPost>(std::move(task), host_->options().suspects);
  host_->Open(post);
  Result<Signature> signature = post->AwaitFirst();
  if (!signature.ok()) {
    host_->Close(post);
    return std::move(signature).status();
  }
  return std::unique_ptr<Executable>(std::make_unique<IsolatedExecutable>(
      host_, std::move(post), *std::move(signature), std::move(files)));
}

}  // namespace slipway::engine
