// What Executable::Run() adds to ONNX Runtime called directly with values that were made once,
// which is the least that any caller pays: CPU time of one thread, rounds of both in turn, medians.

#include <fmt/format.h>
#include <onnx/defs/parser.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <vector>

#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/onnxruntime/ort_library.h"
#include "engine/onnxruntime/ort_reason.h"

namespace slipway::engine {
namespace {

constexpr int kRounds = 15;
constexpr int kRuns = 20'000;

double ThreadMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double MicrosecondsOf(const std::function<bool()>& run) {
  const double start = ThreadMicroseconds();
  for (int i = 0; i < kRuns; ++i) {
    if (!run()) std::abort();
  }
  return (ThreadMicroseconds() - start) / kRuns;
}

double Median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// A classifier of four numbers into three classes: small enough for the frame around it to show.
std::string Model() {
  onnx::ModelProto model;
  onnx::OnnxParser parser(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,4] x) => (float[N,3] y)
      <float[4,3] w = {1,2,3,4,5,6,7,8,9,10,11,12}, float[3] b = {1,2,3}>
      { a = MatMul(x, w) c = Add(a, b) d = Relu(c) e = Neg(d) y = Softmax(e) })");
  return parser.Parse(model).IsOK() ? model.SerializeAsString() : "";
}

Result<OrtHandle<OrtValue>> ValueOver(const OrtRuntime& runtime, std::span<float> values,
                                      const std::array<std::int64_t, 2>& dims) {
  OrtValue* value = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(
      runtime.api(), runtime.api().CreateTensorWithDataAsOrtValue(
                         runtime.cpu.get(), values.data(), values.size_bytes(), dims.data(),
                         dims.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value)));
  return OrtHandle<OrtValue>(value, OrtRelease{&runtime.api()});
}

Result<OrtHandle<OrtSession>> DirectSession(const OrtRuntime& runtime, const std::string& model) {
  const OrtApi& api = runtime.api();
  OrtSessionOptions* options = nullptr;
  OrtSession* session = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.CreateSessionOptions(&options)));
  const OrtHandle<OrtSessionOptions> owned(options, OrtRelease{&api});
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.SetIntraOpNumThreads(options, 1)));
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.DisableCpuMemArena(options)));
  SLIPWAY_RETURN_IF_ERROR(
      RunFailure(api, api.CreateSessionFromArray(runtime.env.get(), model.data(), model.size(),
                                                 options, &session)));
  return OrtHandle<OrtSession>(session, OrtRelease{&api});
}

Status Measure() {
  const std::string model = Model();
  SLIPWAY_TRY(OrtLibrary library, OpenOrtLibrary(""));
  SLIPWAY_TRY(const std::shared_ptr<const OrtRuntime> runtime, MakeOrtRuntime(std::move(library)));
  SLIPWAY_TRY(const OrtHandle<OrtSession> session, DirectSession(*runtime, model));
  SLIPWAY_TRY(const std::unique_ptr<Engine> engine, OpenOnnxRuntime({}));
  SLIPWAY_TRY(const std::unique_ptr<Executable> executable,
              engine->Compile({.bytes = std::as_bytes(std::span(model))}, {}));

  std::array<float, 4> x{1, 2, 3, 4};
  std::array<float, 3> y{};
  SLIPWAY_TRY(const OrtHandle<OrtValue> input, ValueOver(*runtime, x, {1, 4}));
  SLIPWAY_TRY(const OrtHandle<OrtValue> output, ValueOver(*runtime, y, {1, 3}));
  const char* input_name = "x";
  const char* output_name = "y";
  const auto direct = [&] {
    const OrtValue* in = input.get();
    OrtValue* out = output.get();
    return runtime->api().Run(session.get(), nullptr, &input_name, &in, 1, &output_name, 1, &out) ==
           nullptr;
  };
  const std::array<TensorView, 1> inputs{
      TensorView{DType::kF32, Shape{1, 4}, std::as_bytes(std::span(x))}};
  const std::array<std::size_t, 1> wanted{0};
  std::array<TensorBuffer, 1> preallocated;
  SLIPWAY_TRY(preallocated[0], TensorBuffer::Allocate(DType::kF32, {1, 3}));
  const auto in_place = [&] { return executable->Run(inputs, wanted, preallocated).ok(); };
  const auto adopted = [&] {
    std::array<TensorBuffer, 1> fresh;
    return executable->Run(inputs, wanted, fresh).ok();
  };

  std::vector<double> direct_times;
  std::vector<double> in_place_times;
  std::vector<double> adopted_times;
  for (int round = 0; round < kRounds; ++round) {
    direct_times.push_back(MicrosecondsOf(direct));
    in_place_times.push_back(MicrosecondsOf(in_place));
    adopted_times.push_back(MicrosecondsOf(adopted));
  }
  const double base = Median(direct_times);
  fmt::print("onnxruntime {} called directly   {:6.2f} us\n", engine->version(), base);
  for (const auto& [name, times] : {std::pair("Run(), output in place", in_place_times),
                                    std::pair("Run(), output adopted", adopted_times)}) {
    const double time = Median(times);
    fmt::print("{:<33} {:6.2f} us  ratio {:.2f}, adds {:.2f} us\n", name, time, time / base,
               time - base);
  }
  return {};
}

}  // namespace
}  // namespace slipway::engine

int main() {
  const slipway::Status status = slipway::engine::Measure();
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.ToString());
  return 1;
}
