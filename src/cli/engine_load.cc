#include "cli/engine_load.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace slipway::cli {

namespace {

struct Caller {
  Status status;
  std::vector<float> latencies;
};

void RunUntil(const engine::Executable& executable, std::span<const TensorView> inputs,
              MonotonicTime start, MonotonicTime end, std::atomic<bool>& stop, Caller& caller) {
  std::vector<std::size_t> wanted(executable.signature().outputs.size());
  std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  std::vector<TensorBuffer> outputs(wanted.size());
  for (auto begin = std::chrono::steady_clock::now(); begin < end && !stop;) {
    caller.status = executable.Run(inputs, wanted, outputs);
    if (!caller.status.ok()) {
      stop = true;
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (begin >= start)
      caller.latencies.push_back(std::chrono::duration<float>(now - begin).count());
    begin = now;
  }
}

}  // namespace

Result<LoadReport> RunEngineLoad(const engine::Executable& executable,
                                 std::span<const TensorView> inputs,
                                 const EngineLoadOptions& options) {
  const MonotonicTime start = std::chrono::steady_clock::now() + options.warm_up;
  const MonotonicTime end = start + options.duration;
  std::atomic<bool> stop = false;
  std::vector<Caller> callers(options.callers);
  {
    std::vector<std::jthread> threads;
    for (Caller& caller : callers)
      threads.emplace_back([&] { RunUntil(executable, inputs, start, end, stop, caller); });
  }
  LoadReport report;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (Caller& caller : callers) {
    SLIPWAY_RETURN_IF_ERROR(std::move(caller.status));
    report.latencies.insert(report.latencies.end(), caller.latencies.begin(),
                            caller.latencies.end());
  }
  report.answers = report.latencies.size();
  std::ranges::sort(report.latencies);
  return report;
}

}  // namespace slipway::cli
