#include "engine/worker/worker_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <latch>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/heap.h"
#include "base/thread.h"
#include "engine/worker/slot_codec.h"
#include "engine/worker/slot_memory.h"
#include "engine/worker/slot_words.h"
#include "engine/worker/worker_words.h"
#include "sandbox/confinement.h"

namespace slipway::engine {

namespace {

/// Where memory ends, the kernel ends this process before the server. May fail: then it chooses.
void OfferItself() {
  constexpr std::string_view kSooner = "500";
  const FileDescriptor file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file.valid()) (void)WriteAll(file.get(), std::as_bytes(std::span(kSooner)));
}

sandbox::FileReach ReachOf(const WorkerTask& task) {
  using Kind = WorkerTask::Kind;
  if (task.kind == Kind::kLoadCompiled) return {.readable = {task.folder}, .writable = {}};
  sandbox::FileReach reach{.readable = task.files, .writable = {}};
  if (task.kind == Kind::kWriteCompiled) reach.writable = task.folder;
  if (reach.readable.empty())
    reach.readable.push_back(std::filesystem::path(task.path).parent_path().string());
  return reach;
}

struct Loaded {
  std::unique_ptr<Executable> executable;  ///< null: it was written
};

Result<Loaded> Load(Engine& engine, const WorkerTask& task) {
  Loaded loaded;
  const ModelSource source{.path = task.path, .files = task.files};
  switch (task.kind) {
    case WorkerTask::Kind::kCompile: {
      SLIPWAY_TRY(loaded.executable, engine.Compile(source, task.options));
      return loaded;
    }
    case WorkerTask::Kind::kLoadCompiled: {
      SLIPWAY_TRY(loaded.executable, engine.LoadCompiled(task.folder, task.options));
      return loaded;
    }
    case WorkerTask::Kind::kWriteCompiled:
      SLIPWAY_RETURN_IF_ERROR(engine.WriteCompiled(source, task.options, task.folder));
      return loaded;
  }
  return InvalidArgument("an unknown task");
}

/// On a thread of its own, which gives way to those that serve.
Result<Loaded> LoadAside(Engine& engine, const WorkerTask& task) {
  Result<Loaded> loaded = Internal("it was not loaded");
  std::thread([&] {
    NameThread("slipway-loader");
    GiveWay();
    loaded = Load(engine, task);
  }).join();
  return loaded;
}

/// A slow model's threads give way to quick ones, as they do in the server: for good, from the
/// first run that shows it.
class Pace {
 public:
  void AfterRun() {
    const std::chrono::nanoseconds now = Used();
    if (!gives_way_ && now - before_ > kSlow) {
      gives_way_ = true;
      GiveWay();
    }
    before_ = now;
  }

 private:
  static constexpr std::chrono::milliseconds kSlow{1};

  static std::chrono::nanoseconds Used() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }

  std::chrono::nanoseconds before_ = Used();
  bool gives_way_ = false;
};

class SlotServer {
 public:
  SlotServer(const Executable& executable, const SlotMemory& memory)
      : executable_(executable), memory_(memory), began_(memory.shape().slots) {
    for (std::uint32_t slot = 0; slot < memory.shape().slots; ++slot)
      threads_.emplace_back([this, slot] { Serve(slot); });
    began_.wait();
  }

  /// For ever.
  void Wait() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Serve(std::uint32_t slot) {
    NameThread("slipway-run");
    UseHugePages();
    SlotHead& head = memory_.head(slot);
    head.thread.value.store(static_cast<std::uint32_t>(gettid()));
    began_.count_down();
    std::uint32_t done = 0;
    Pace pace;
    for (;;) {
      const std::uint32_t number = head.run.value.load(std::memory_order_acquire);
      if (number == done) {
        SleepOn(head.run, done, std::nullopt);
        continue;
      }
      Answer(head, memory_.region(slot));
      done = number;
      head.answered.value.store(number, std::memory_order_release);
      WakeAll(head.answered);
      pace.AfterRun();
    }
  }

  void Answer(SlotHead& head, std::span<std::byte> region) const {
    Result<ReceivedRun> run = ReadRequest(head, region);
    if (!run.ok()) return WriteAnswer(executable_.signature(), {}, run.status(), head, region);
    Status status = executable_.Run(run->inputs, run->wanted, run->outputs, run->limits);
    WriteAnswer(executable_.signature(), *run, std::move(status), head, region);
  }

  const Executable& executable_;
  const SlotMemory& memory_;
  std::latch began_;
  std::vector<std::thread> threads_;
};

bool Say(std::string_view answer) {
  const bool said = WriteAll(kWorkerAnswer, std::as_bytes(std::span(answer))).ok();
  close(kWorkerAnswer);
  return said;
}

Status CheckTensorCount(const Signature& signature) {
  if (signature.inputs.size() <= kMaxSlotTensors && signature.outputs.size() <= kMaxSlotTensors)
    return {};
  return Unimplemented("a model with so many inputs or outputs runs in no process of its own");
}

/// Up to the answer; what comes after it is Wait()'s.
Status Work(const WorkerTask& task, const OpenEngine& open) {
  SLIPWAY_TRY(const std::unique_ptr<Engine> engine, open(task.library));
  SLIPWAY_TRY(sandbox::Means means, sandbox::EnterLoading(ReachOf(task)));
  SLIPWAY_TRY(const Loaded loaded, LoadAside(*engine, task));
  WorkerReady ready{.signature = {}, .landlock = means.landlock};
  if (loaded.executable == nullptr) return Say(EncodeReady(ready)) ? Status() : Unknown("no pipe");
  ready.signature = loaded.executable->signature();
  SLIPWAY_RETURN_IF_ERROR(CheckTensorCount(ready.signature));
  SLIPWAY_TRY(const SlotMemory memory, SlotMemory::Map(kWorkerMemory, task.memory));
  close(kWorkerMemory);
  ReturnFreeBlocks();
  SlotServer server(*loaded.executable, memory);
  SLIPWAY_RETURN_IF_ERROR(sandbox::EnterConfinement().status());
  if (Say(EncodeReady(ready))) server.Wait();
  _exit(1);  // its threads have no end
}

}  // namespace

int RunWorker(std::span<const char* const> arguments, const OpenEngine& open) {
  const Result<WorkerTask> task = DecodeTask(arguments);
  if (!task.ok()) {
    std::fputs("slipway-worker is run by slipway: see slipway help serve\n", stderr);
    return 2;
  }
  OfferItself();
  const Status status = Work(*task, open);
  return status.ok() || Say(EncodeLoadFailure(status)) ? 0 : 1;
}

}  // namespace slipway::engine
