// A worker whose model does what its first number says: isolated_engine_test.cc watches what
// becomes of it.

#include "engine/worker/worker_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "base/file.h"
#include "engine/worker/slot_memory.h"
#include "engine/worker/slot_words.h"
#include "engine/worker/worker_process.h"

namespace slipway::engine {
namespace {

[[noreturn]] void SleepForEver() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

[[gnu::noinline]] int Overflow(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? frame[0] : Overflow(depth + 1) + frame[0];
}

void TakeAllMemory() {
  constexpr std::size_t kBlock = 16 << 20;
  for (;;) {
    void* const block = std::malloc(kBlock);
    if (block == nullptr) std::abort();
    std::memset(block, 1, kBlock);
  }
}

/// Answers by itself, behind the back of the program it is in.
void SayNonsense(const TensorView& first_input) {
  const SlotMemoryShape none;
  auto* const head = reinterpret_cast<SlotHead*>(const_cast<std::byte*>(first_input.bytes.data()) -
                                                 none.slot_bytes());
  head->answer = {.outputs = 1, .error_bytes = 0};
  head->outputs[0] = HeadOf(DType::kF32, {1 << 20}, std::uint64_t{1} << 60, 4 << 20);
  head->answered.value.store(head->run.value.load());
  WakeAll(head->answered);
  SleepForEver();
}

void Work(std::chrono::milliseconds duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < until) {
  }
}

/// What is added to the numbers then, or the error of the run.
using Act = Result<float> (*)(const TensorView& x, const RunLimits& limits);

struct Row {
  Deed deed;
  Act act;
};
const Row kActs[] = {
    {Deed::kSegfault,
     [](const TensorView& x, const RunLimits&) -> Result<float> {
       *reinterpret_cast<volatile int*>(static_cast<std::uintptr_t>(x.shape.rank())) = 1;
       return 1;
     }},
    {Deed::kAbort, [](const TensorView&, const RunLimits&) -> Result<float> { std::abort(); }},
    {Deed::kOverflowStack,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       return static_cast<float>(Overflow(0));
     }},
    {Deed::kIllegalInstruction,
     [](const TensorView&, const RunLimits&) -> Result<float> { __builtin_trap(); }},
    {Deed::kOpenSocket,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       return static_cast<float>(socket(AF_INET, SOCK_STREAM, 0));
     }},
    {Deed::kTakeAllMemory,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       TakeAllMemory();
       return 1;
     }},
    {Deed::kLoop,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       Work(std::chrono::hours(1));
       return 1;
     }},
    {Deed::kSleep, [](const TensorView&, const RunLimits&) -> Result<float> { SleepForEver(); }},
    {Deed::kNap,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       std::this_thread::sleep_for(std::chrono::milliseconds(300));
       return 1;
     }},
    {Deed::kSayNonsense,
     [](const TensorView& x, const RunLimits&) -> Result<float> {
       SayNonsense(x);
       return 1;
     }},
    {Deed::kFail,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       return InvalidArgument("the input is not liked").Hint("send another");
     }},
    {Deed::kOpenFile,
     [](const TensorView&, const RunLimits&) -> Result<float> {
       return open("/etc/passwd", O_RDONLY) >= 0 ? 0.0F : static_cast<float>(errno);
     }},
    {Deed::kObeyDeadline,
     [](const TensorView&, const RunLimits& limits) -> Result<float> {
       std::this_thread::sleep_until(*limits.deadline);
       return DeadlineExceeded("the engine ended it");
     }},
    {Deed::kObeyOrAbort,
     [](const TensorView&, const RunLimits& limits) -> Result<float> {
       if (!limits.deadline) std::abort();
       std::this_thread::sleep_until(*limits.deadline);
       return DeadlineExceeded("the engine ended it");
     }},
};

Result<float> Obey(Deed deed, const TensorView& x, const RunLimits& limits) {
  for (const Row& row : kActs) {
    if (row.deed == deed) return row.act(x, limits);
  }
  return 1;
}

class ProbeExecutable final : public Executable {
 public:
  ProbeExecutable() : signature_(ProbeSignature()) {}
  const Signature& signature() const override { return signature_; }

  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const RunLimits& limits) const override {
    const std::span<const float> x = inputs[0].As<float>();
    const auto deed = static_cast<Deed>(x.empty() ? 0 : static_cast<int>(x[0]));
    SLIPWAY_TRY(const float added, Obey(deed, inputs[0], limits));
    if (deed == Deed::kWrongType) {
      SLIPWAY_TRY(outputs[0], TensorBuffer::Allocate(DType::kI64, {1}));
      return {};
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
      SLIPWAY_RETURN_IF_ERROR(Answer(wanted[i], inputs[0], added, outputs[i]));
    return {};
  }

 private:
  static Status Answer(std::size_t output, const TensorView& x, float added, TensorBuffer& into) {
    if (output == 1) {
      SLIPWAY_TRY(into, TensorBuffer::FromStrings({2}, std::vector<std::string_view>{"a", ""}));
      return {};
    }
    if (into.dtype() == DType::kUndefined) {
      SLIPWAY_TRY(into, TensorBuffer::Allocate(DType::kF32, x.shape));
    }
    for (std::size_t i = 0; i < x.As<float>().size(); ++i)
      into.As<float>()[i] = x.As<float>()[i] + added;
    return {};
  }

  const Signature signature_;
};

/// What the model file says happens when it is loaded.
class ProbeEngine final : public Engine {
 public:
  std::string_view name() const override { return "probe"; }
  std::string version() const override { return "1"; }

  Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                              const CompileOptions&) override {
    SLIPWAY_TRY(const std::string text, ReadFile(source.path));
    if (text == "refuse") return InvalidArgument("no kernel for operator Foo");
    if (text == "crash") std::abort();
    if (text.starts_with("peek ")) SLIPWAY_RETURN_IF_ERROR(ReadFile(text.substr(5)).status());
    return std::unique_ptr<Executable>(std::make_unique<ProbeExecutable>());
  }

  Status WriteCompiled(const ModelSource& source, const CompileOptions&,
                       const std::string& folder) override {
    SLIPWAY_TRY(const std::string text, ReadFile(source.path));
    const std::string path = folder + "/model";
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid()) return ErrnoStatus(errno, "cannot write");
    return WriteAll(file.get(), std::as_bytes(std::span(text)));
  }

  Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& folder,
                                                   const CompileOptions& options) override {
    return Compile({.path = folder + "/model"}, options);
  }
};

}  // namespace
}  // namespace slipway::engine

int main(int count, char** arguments) {
  const std::span<const char* const> all(arguments, static_cast<std::size_t>(count));
  _exit(slipway::engine::RunWorker(
      all.subspan(1),
      [](const std::string&) -> slipway::Result<std::unique_ptr<slipway::engine::Engine>> {
        return std::unique_ptr<slipway::engine::Engine>(
            std::make_unique<slipway::engine::ProbeEngine>());
      }));
}
