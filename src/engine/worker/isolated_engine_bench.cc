// What a process of its own adds to a run: time on the clock, rounds of both in turn, medians. A
// small model, and one that adds a number to an image of 602 kB.

#include <fmt/format.h>
#include <onnx/defs/parser.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/worker/isolated_engine.h"

namespace slipway::engine {
namespace {

constexpr int kRounds = 15;

struct Case {
  const char* name;
  const char* graph;
  Shape input;
  int runs;
};
const Case kCases[] = {{"small",
                        R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,4] x) => (float[N,3] y)
      <float[4,3] w = {1,2,3,4,5,6,7,8,9,10,11,12}, float[3] b = {1,2,3}>
      { a = MatMul(x, w) c = Add(a, b) d = Relu(c) e = Neg(d) y = Softmax(e) })",
                        {1, 4},
                        2000},
                       {"image",
                        R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,150528] x) => (float[N,150528] y) <float[1] b = {1}> { y = Add(x, b) })",
                        {1, 150528},
                        200}};

class Runs {
 public:
  Runs(const Executable& model, const Case& what) : model_(model), runs_(what.runs) {
    input_ = TensorBuffer::Allocate(DType::kF32, what.input).value();
    std::ranges::fill(input_.bytes(), std::byte{0});
    views_ = {input_.view()};
  }

  /// Of one run, in a round.
  double Microseconds() {
    const Stopwatch watch;
    for (int i = 0; i < runs_; ++i) {
      outputs_[0] = TensorBuffer();
      if (!model_.Run(views_, wanted_, outputs_).ok()) std::abort();
    }
    return watch.Seconds() * 1e6 / runs_;
  }

 private:
  const Executable& model_;
  const int runs_;
  TensorBuffer input_;
  std::vector<TensorView> views_;
  const std::vector<std::size_t> wanted_ = {0};
  std::vector<TensorBuffer> outputs_ = std::vector<TensorBuffer>(1);
};

double Median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

Status Measure(const Case& what, Engine& here, Engine& apart, const std::string& folder) {
  onnx::ModelProto proto;
  onnx::OnnxParser parser(what.graph);
  if (!parser.Parse(proto).IsOK()) return InvalidArgument("the graph");
  const std::string path = fmt::format("{}/{}.onnx", folder, what.name);
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(path, proto.SerializeAsString()));
  SLIPWAY_TRY(const auto one, here.Compile({.path = path}, {}));
  SLIPWAY_TRY(const auto other, apart.Compile({.path = path}, {}));
  Runs direct(*one, what);
  Runs isolated(*other, what);
  std::vector<double> times;
  std::vector<double> added;
  for (int round = 0; round < kRounds; ++round) {
    times.push_back(direct.Microseconds());
    added.push_back(isolated.Microseconds() - times.back());
  }
  fmt::print("{}: {:.1f} us, in a process of its own {:.1f} us more\n", what.name, Median(times),
             Median(added));
  return {};
}

Status MeasureAll() {
  SLIPWAY_TRY(const auto here, OpenOnnxRuntime({}));
  SLIPWAY_TRY(const auto apart, IsolatedEngine::Create(*here, {}));
  SLIPWAY_TRY(const TemporaryDirectory folder, TemporaryDirectory::Create("isolated-bench-"));
  for (const Case& what : kCases)
    SLIPWAY_RETURN_IF_ERROR(Measure(what, *here, *apart, folder.path()));
  return {};
}

}  // namespace
}  // namespace slipway::engine

int main() {
  const slipway::Status status = slipway::engine::MeasureAll();
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
