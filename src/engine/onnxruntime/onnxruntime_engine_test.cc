#include "engine/onnxruntime/onnxruntime_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <onnx/defs/parser.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <optional>
#include <thread>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"
#include "tensor/npz.h"

namespace slipway::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kData = SLIPWAY_TESTDATA;

/// A model out of ONNX's own text form: "x (float[N,2] x) => (float[N,2] y) { y = Relu(x) }".
std::string Onnx(const std::string& graph, int opset = 17) {
  const std::string text =
      "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) + "]>\n" + graph;
  onnx::ModelProto model;
  onnx::OnnxParser parser(text.c_str());
  const auto status = parser.Parse(model);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
  return model.SerializeAsString();
}

TensorView View(const Shape& shape, std::span<const float> values) {
  return {DType::kF32, shape, std::as_bytes(values)};
}

class OnnxRuntime : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Result<std::unique_ptr<Engine>> engine = OpenOnnxRuntime({});
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    engine_ = std::move(engine).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  static Result<std::unique_ptr<Executable>> CompileBytes(const std::string& model,
                                                          const CompileOptions& options = {}) {
    return engine_->Compile({.bytes = std::as_bytes(std::span(model))}, options);
  }
  static std::unique_ptr<Executable> Compiled(const std::string& graph) {
    Result<std::unique_ptr<Executable>> compiled = CompileBytes(Onnx(graph));
    EXPECT_TRUE(compiled.ok()) << compiled.status().ToString();
    return compiled.ok() ? std::move(compiled).value() : nullptr;
  }

  static std::unique_ptr<Engine> engine_;
};
std::unique_ptr<Engine> OnnxRuntime::engine_;

TEST_F(OnnxRuntime, SaysWhatItIs) {
  EXPECT_EQ(engine_->name(), "onnxruntime");
  EXPECT_THAT(engine_->version(), ::testing::StartsWith("1."));
}

TEST(OpenOnnxRuntime, AMissingLibraryIsNamed) {
  const auto engine = OpenOnnxRuntime({.library = "/nowhere/libonnxruntime.so"});
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.status().number(), errors::kEngineNotFound);
  EXPECT_THAT(engine.status().message(), HasSubstr("/nowhere/libonnxruntime.so"));
}

TEST(OpenOnnxRuntime, AnotherLibraryIsRefused) {
  const auto engine = OpenOnnxRuntime({.library = "libm.so.6"});
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.status().number(), errors::kEngineNotFound);
  EXPECT_THAT(engine.status().message(), HasSubstr("libm.so.6 is not ONNX Runtime"));
}

/// max |a-b| / max(1, max |golden|), as tests/data/README.md defines it.
double ErrorOf(const TensorView& got, const TensorView& golden) {
  const std::vector<double> a = *ToDoubles(got);
  const std::vector<double> b = *ToDoubles(golden);
  double largest = 1;
  double error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    error = std::max(error, std::abs(a[i] - b[i]));
  }
  return error / largest;
}

struct Golden {
  const char* model;
  const char* arrays;
  double tolerance = 1e-4;
};
void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.model; }

class RealModel : public OnnxRuntime, public ::testing::WithParamInterface<Golden> {
 protected:
  /// Runs the recorded inputs and compares with the recorded outputs, in the model's order.
  static void Check(const Executable& executable) {
    const Result<std::vector<NamedTensor>> arrays = ReadNpz(kData + "/" + GetParam().arrays);
    ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
    std::vector<TensorBuffer> converted;
    std::vector<const TensorBuffer*> expected;
    for (const NamedTensor& array : *arrays) {
      if (array.name.starts_with("in_")) {
        const DType dtype = executable.signature().inputs.at(converted.size()).dtype;
        converted.push_back(*ConvertTensor(array.tensor.view(), dtype));
      }
      if (array.name.starts_with("out_")) expected.push_back(&array.tensor);
    }
    std::vector<TensorView> inputs;
    for (const TensorBuffer& tensor : converted) inputs.push_back(tensor.view());
    const Result<std::vector<TensorBuffer>> outputs = executable.RunAll(inputs);
    ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
    ASSERT_EQ(outputs->size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ((*outputs)[i].shape(), expected[i]->shape());
      EXPECT_LE(ErrorOf((*outputs)[i].view(), expected[i]->view()), GetParam().tolerance);
    }
  }
};

TEST_P(RealModel, ComputesWhatItsFrameworkComputed) {
  for (const bool optimize : {true, false}) {
    for (const bool arena : {true, false}) {
      SCOPED_TRACE(optimize);
      const auto compiled = engine_->Compile({.path = kData + "/" + GetParam().model},
                                             {.optimize = optimize, .memory_arena = arena});
      ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
      Check(**compiled);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Data, RealModel,
    ::testing::Values(Golden{"mnist/mnist_tf2onnx.onnx", "mnist/mnist.npz"},
                      Golden{"torch/mnist_opset17.onnx", "torch/mnist.npz"},
                      Golden{"torch/mnist_dynamo.onnx", "torch/mnist.npz"},
                      Golden{"torch/residual_opset17.onnx", "torch/residual.npz"},
                      Golden{"torch/text_opset17.onnx", "torch/text.npz"},
                      Golden{"torch/text_dynamo.onnx", "torch/text.npz"},
                      // Without the optimizer, uint8 times int8 saturates on CPUs without VNNI.
                      Golden{"tutorials/ort_dynamic.onnx", "tutorials/ort_dynamic.npz", 2e-2},
                      Golden{"tutorials/ort_static_qdq.onnx", "tutorials/ort_static_qdq.npz"}));

TEST_F(OnnxRuntime, TheSignatureKeepsOrderNamesTypesAndOpenDimensions) {
  const auto model = Compiled(
      "g (float[batch,3] b, int64[2] a, bool[] flag) => (float[batch,3] y, int64[2] z, bool[] w) "
      "{ y = Relu(b) z = Neg(a) w = Not(flag) }");
  ASSERT_NE(model, nullptr);
  EXPECT_THAT(model->signature().inputs,
              ElementsAre(TensorSpec{"b", DType::kF32, Shape{-1, 3}, {"batch", ""}},
                          TensorSpec{"a", DType::kI64, Shape{2}, {}},
                          TensorSpec{"flag", DType::kBool, Shape{}, {}}));
  EXPECT_THAT(model->signature().outputs,
              ElementsAre(TensorSpec{"y", DType::kF32, Shape{-1, 3}, {"batch", ""}},
                          TensorSpec{"z", DType::kI64, Shape{2}, {}},
                          TensorSpec{"w", DType::kBool, Shape{}, {}}));
}

TEST_F(OnnxRuntime, APreallocatedOutputIsWrittenInPlace) {
  const auto model = Compiled("g (float[N,2] x) => (float[N,2] y) { y = Neg(x) }");
  const std::array<float, 4> x{1, 2, 3, 4};
  const std::array<TensorView, 1> inputs{View({2, 2}, x)};
  std::array<TensorBuffer, 1> outputs{*TensorBuffer::Allocate(DType::kF32, {2, 2})};
  const std::byte* place = outputs[0].bytes().data();
  const std::array<std::size_t, 1> wanted{0};
  const Status status = model->Run(inputs, wanted, outputs);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(outputs[0].bytes().data(), place);
  EXPECT_THAT(outputs[0].As<float>(), ElementsAre(-1, -2, -3, -4));
}

TEST_F(OnnxRuntime, OnlyTheWantedOutputsAreGivenInTheOrderAskedFor) {
  const auto model = Compiled(
      "g (float[N] x) => (float[N] a, float[N] b, float[N] c) "
      "{ a = Neg(x) b = Abs(x) c = Identity(x) }");
  const std::array<float, 2> x{-1, 2};
  const std::array<TensorView, 1> inputs{View({2}, x)};
  std::array<TensorBuffer, 2> outputs;
  const std::array<std::size_t, 2> wanted{2, 1};
  ASSERT_TRUE(model->Run(inputs, wanted, outputs).ok());
  EXPECT_THAT(outputs[0].As<float>(), ElementsAre(-1, 2));
  EXPECT_THAT(outputs[1].As<float>(), ElementsAre(1, 2));
}

TEST_F(OnnxRuntime, AnOutputOfUnknownSizeArrivesWithItsShapeAndOutlivesTheModel) {
  std::vector<TensorBuffer> outputs;
  {
    const auto model = Compiled("g (float[N] x) => (int64[1,M] y) { y = NonZero(x) }");
    const std::array<float, 4> x{0, 5, 0, 7};
    const std::array<TensorView, 1> inputs{View({4}, x)};
    Result<std::vector<TensorBuffer>> result = model->RunAll(inputs);
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    outputs = std::move(result).value();
  }
  EXPECT_EQ(outputs[0].shape(), (Shape{1, 2}));
  EXPECT_THAT(outputs[0].As<std::int64_t>(), ElementsAre(1, 3));
}

TEST_F(OnnxRuntime, EmptyTensorsPass) {
  const auto model = Compiled("g (float[N,2] x) => (float[N,2] y) { y = Neg(x) }");
  const std::array<TensorView, 1> inputs{View({0, 2}, {})};
  const Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_EQ((*outputs)[0].shape(), (Shape{0, 2}));
  EXPECT_TRUE((*outputs)[0].bytes().empty());
}

TEST_F(OnnxRuntime, UnalignedInputsAreRead) {
  const auto model = Compiled("g (double[N] x) => (double[N] y) { y = Neg(x) }");
  alignas(8) std::array<std::byte, 1 + 3 * sizeof(double)> memory{};
  const std::array<double, 3> x{1, 2, 3};
  std::memcpy(memory.data() + 1, x.data(), sizeof x);
  const std::array<TensorView, 1> inputs{
      TensorView{DType::kF64, Shape{3}, std::span(memory).subspan(1)}};
  Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].As<double>(), ElementsAre(-1, -2, -3));
}

TEST_F(OnnxRuntime, StringsGoInAndComeOut) {
  const auto model = Compiled("g (string[N] x) => (string[N] y) { y = Identity(x) }");
  using namespace std::string_view_literals;
  const std::array<std::string_view, 4> words{"one", "", "tw\0o"sv, "\xe4\xb8\xad"};
  const TensorBuffer packed = *TensorBuffer::FromStrings({4}, words);
  const std::array<TensorView, 1> inputs{packed.view()};
  const Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT(*UnpackStrings((*outputs)[0].view()), ::testing::ElementsAreArray(words));
}

TEST_F(OnnxRuntime, BrokenStringsAreRefusedWithTheInputsName) {
  const auto model = Compiled("g (string[N] text) => (string[N] y) { y = Identity(text) }");
  const std::array<std::byte, 4> lies{std::byte{9}};
  const std::array<TensorView, 1> inputs{TensorView{DType::kString, Shape{1}, lies}};
  const Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
  EXPECT_EQ(outputs.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(outputs.status().ToString(), HasSubstr("input \"text\""));
}

std::size_t ResidentBytes() {
  const std::string statm = *ReadFile("/proc/self/statm", 4096);
  return ParseUint64(Split(statm, ' ')[1]).value_or(0) * 4096;
}

TEST_F(OnnxRuntime, EveryNewBatchSizeDoesNotCostMemoryForEver) {
  if (mallinfo2().arena == 0) GTEST_SKIP() << "a sanitizer keeps what is freed, to find its use";
  const auto model = Compiled(
      "g (float[N,1000] x) => (float[N,1000] y) { a = Neg(x) b = Abs(a) c = Exp(b) y = Neg(c) }");
  constexpr std::int64_t kSizes = 200;
  const std::vector<float> x(kSizes * 1000, 0.5F);
  const auto run = [&](std::int64_t rows) {
    const std::array<TensorView, 1> inputs{
        View({rows, 1000}, std::span(x).first(static_cast<std::size_t>(rows * 1000)))};
    return model->RunAll(inputs).ok();
  };
  ASSERT_TRUE(run(kSizes));
  const std::size_t before = ResidentBytes();
  for (std::int64_t rows = 1; rows < kSizes; ++rows) ASSERT_TRUE(run(rows));
  constexpr std::size_t kOneBlockEach = kSizes * kSizes / 2 * 1000 * sizeof(float);  // 80 MB
  EXPECT_LT(ResidentBytes(), before + kOneBlockEach / 4);
}

TEST_F(OnnxRuntime, SixteenThreadsRunOneModelAtOnce) {
  const auto model = Compiled("g (float[N] x) => (float[N] y) { y = Add(x, x) }");
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      const std::array<float, 2> x{static_cast<float>(thread), 0.5F};
      const std::array<TensorView, 1> inputs{View({2}, x)};
      for (int round = 0; round < 200; ++round) {
        Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
        if (!outputs.ok() || (*outputs)[0].As<float>()[0] != 2 * x[0]) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(OnnxRuntime, SeveralThreadsInOneRunGiveTheSame) {
  const auto compiled =
      engine_->Compile({.path = kData + "/mnist/mnist_tf2onnx.onnx"}, {.intra_op_threads = 2});
  ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
  EXPECT_EQ((*compiled)->signature().inputs.size(), 1U);
}

TEST_F(OnnxRuntime, InputsTheModelCannotTakeAreTheClientsFault) {
  const auto model =
      Compiled("g (float[N,M] x, int64[K] shape) => (float[A,B] y) { y = Reshape(x, shape) }");
  const std::array<float, 4> x{1, 2, 3, 4};
  const std::array<std::int64_t, 2> shape{3, 3};
  const std::array<TensorView, 2> inputs{
      View({2, 2}, x), TensorView{DType::kI64, Shape{2}, std::as_bytes(std::span(shape))}};
  const Result<std::vector<TensorBuffer>> outputs = model->RunAll(inputs);
  EXPECT_EQ(outputs.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(outputs.status().number(), errors::kEngineRunFailed);
  EXPECT_THAT(outputs.status().message(), HasSubstr("Reshape"));
  EXPECT_THAT(outputs.status().message(), Not(HasSubstr("onnxruntime_src")));
}

TEST_F(OnnxRuntime, AnInputOfWrongRankIsRefused) {
  const auto model = Compiled("g (float[N,2] x) => (float[N,2] y) { y = Neg(x) }");
  const std::array<float, 2> x{1, 2};
  const std::array<TensorView, 1> inputs{View({2}, x)};
  const Status status = model->RunAll(inputs).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("rank"));
}

TEST_F(OnnxRuntime, AWrongNumberOfInputsIsRefused) {
  const auto model = Compiled("g (float[N,2] x) => (float[N,2] y) { y = Neg(x) }");
  EXPECT_FALSE(model->RunAll({}).ok());
}

class Refused : public OnnxRuntime {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("engine-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }
  std::string Write(const std::string& name, std::string_view content) {
    const std::string path = folder_->path() + "/" + name;
    EXPECT_TRUE(WriteFileAtomically(path, content).ok());
    return path;
  }
  /// The refusal, which must name no folder of this machine.
  Status Refusal(const std::string& path) {
    const Status status = engine_->Compile({.path = path}, {}).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.number(), errors::kEngineRejectedModel) << status.ToString();
    EXPECT_THAT(status.ToString(), Not(HasSubstr(folder_->path())));
    EXPECT_THAT(status.ToString(), Not(HasSubstr("onnxruntime_src")));
    return status;
  }
  std::optional<TemporaryDirectory> folder_;
};

TEST_F(Refused, AFileThatIsNoModel) {
  EXPECT_THAT(Refusal(Write("a.onnx", "hello")).message(), HasSubstr("a.onnx"));
}

TEST_F(Refused, AnEmptyFile) { EXPECT_FALSE(Refusal(Write("a.onnx", "")).ok()); }

TEST_F(Refused, AModelCutShort) {
  const std::string whole = *ReadFile(kData + "/mnist/mnist_tf2onnx.onnx");
  EXPECT_FALSE(Refusal(Write("a.onnx", std::string_view(whole).substr(0, whole.size() / 2))).ok());
}

TEST_F(Refused, AnOpsetOfTheFuture) {
  const std::string model = Onnx("g (float[N] x) => (float[N] y) { y = Neg(x) }", 999);
  EXPECT_THAT(Refusal(Write("a.onnx", model)).message(), HasSubstr("opset"));
}

TEST_F(Refused, AnOperatorNobodyKnows) {
  const std::string model = Onnx("g (float[N] x) => (float[N] y) { y = Frobnicate(x) }");
  EXPECT_THAT(Refusal(Write("a.onnx", model)).message(), HasSubstr("Frobnicate"));
}

TEST_F(Refused, ASequenceOutput) {
  const std::string model =
      Onnx("g (float[N] x) => (seq(float[N]) y) { y = SequenceConstruct(x) }");
  const Status status = Refusal(Write("a.onnx", model));
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("output \"y\""));
}

/// y = x + w, with the four numbers of w in w.bin.
std::string ModelWithData() {
  onnx::ModelProto model;
  model.ParseFromString(Onnx("g (float[4] x) => (float[4] y) { y = Add(x, w) }"));
  onnx::TensorProto& w = *model.mutable_graph()->add_initializer();
  w.set_name("w");
  w.set_data_type(onnx::TensorProto::FLOAT);
  w.add_dims(4);
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] :
       {std::pair{"location", "w.bin"}, {"offset", "0"}, {"length", "16"}}) {
    onnx::StringStringEntryProto& entry = *w.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  return model.SerializeAsString();
}

TEST_F(Refused, AModelWhoseWeightsAreMissing) {
  EXPECT_THAT(Refusal(Write("a.onnx", ModelWithData())).message(), HasSubstr("w.bin"));
}

TEST_F(Refused, AModelWhoseWeightsAreCutShort) {
  Write("w.bin", "12345");
  EXPECT_FALSE(Refusal(Write("a.onnx", ModelWithData())).ok());
}

TEST_F(Refused, ButNotOneWhoseWeightsTheCallerHolds) {
  Write("w.bin", std::string(16, '\0'));  // what the caller holds goes before it
  const std::string path = Write("a.onnx", ModelWithData());
  std::array<float, 4> w{1, 2, 3, 4};
  const std::array<Weight, 1> weights{Weight{"w", View({4}, w)}};
  const auto compiled = engine_->Compile({.path = path, .weights = weights}, {.optimize = false});
  ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
  w[3] = 5;  // read where they stand: a copy would not know
  const std::array<float, 4> x{};
  const std::array<TensorView, 1> inputs{View({4}, x)};
  Result<std::vector<TensorBuffer>> outputs = (*compiled)->RunAll(inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].As<float>(), ElementsAre(1, 2, 3, 5));
}

TEST_F(Refused, ButNotOneWhoseWeightsLieBesideIt) {
  const std::array<float, 4> w{1, 2, 3, 4};
  Write("w.bin", {reinterpret_cast<const char*>(w.data()), sizeof w});
  const std::string model = ModelWithData();
  const std::string path = Write("a.onnx", model);
  for (const bool optimize : {true, false}) {
    for (const bool from_bytes : {true, false}) {
      const auto bytes =
          from_bytes ? std::as_bytes(std::span(model)) : std::span<const std::byte>();
      const auto compiled =
          engine_->Compile({.path = path, .bytes = bytes}, {.optimize = optimize});
      ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
      const std::array<float, 4> x{};
      const std::array<TensorView, 1> inputs{View({4}, x)};
      Result<std::vector<TensorBuffer>> outputs = (*compiled)->RunAll(inputs);
      ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
      EXPECT_THAT((*outputs)[0].As<float>(), ElementsAre(1, 2, 3, 4));
    }
  }
}

TEST_F(Refused, AFileThatIsNotThere) {
  const Status status = engine_->Compile({.path = folder_->path() + "/b.onnx"}, {}).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
}

// Bad input T11: a value that asks for endless memory ends its own run, with the bound
TEST_F(OnnxRuntime, ARunThatNeedsTooMuchMemoryIsEnded) {
  const auto model = Compiled("g (int64[1] n) => (float[K] y) { y = ConstantOfShape(n) }");
  const auto run = [&](std::int64_t count) {
    const TensorView n{DType::kI64, {1}, std::as_bytes(std::span(&count, 1))};
    const std::size_t wanted[] = {0};
    std::vector<TensorBuffer> outputs(1);
    return model->Run({&n, 1}, wanted, outputs, {.max_bytes = 1 << 20});
  };
  const Status refused = run(std::int64_t{1} << 33);
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_EQ(refused.number(), errors::kRunMemory);
  EXPECT_THAT(refused.message(), HasSubstr("a run may use 1.0 MiB"));
  EXPECT_TRUE(run(1000).ok()) << "the next one runs";
  EXPECT_EQ(run((1 << 18) + 1).number(), errors::kRunMemory) << "one element beyond the bound";
  EXPECT_TRUE(run(1 << 18).ok());
}

TEST_F(OnnxRuntime, MemoryThatWasGivenBackMayBeTakenAgain) {
  const auto model = Compiled(
      "g (float[N,1000] x) => (float[N,1000] y) "
      "{ a = Sin(x) b = Cos(a) c = Sin(b) d = Cos(c) e = Sin(d) y = Cos(e) }");
  const std::vector<float> numbers(100'000, 0.5F);
  const TensorView x = View({100, 1000}, numbers);
  const std::size_t wanted[] = {0};
  std::vector<TensorBuffer> outputs(1);
  EXPECT_TRUE(model->Run({&x, 1}, wanted, outputs, {.max_bytes = 3 * 400'000}).ok())
      << "six tensors in turn, never more than three at a time";
}

// Bad input T11: a value that asks for endless time ends its own run at the deadline
// Fault C4: in the server itself
TEST_F(OnnxRuntime, ARunIsEndedAtItsDeadline) {
  const auto model = Compiled(
      "g (int64 trips, float[1] x) => (float[1] y) { go = Constant<value = bool {1}>() "
      "y = Loop(trips, go, x) <body = b (int64 i, bool go_on, float[1] v) => "
      "(bool again, float[1] w) { again = Identity(go_on) w = Sin(v) }> }");
  ASSERT_NE(model, nullptr);
  const std::int64_t trips = std::int64_t{1} << 50;
  const float start = 1;
  const TensorView inputs[] = {{DType::kI64, Shape(), std::as_bytes(std::span(&trips, 1))},
                               View({1}, {&start, 1})};
  const std::size_t wanted[] = {0};
  std::vector<TensorBuffer> outputs(1);
  const MonotonicTime deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  EXPECT_EQ(model->Run(inputs, wanted, outputs, {.deadline = deadline}).code(),
            Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace slipway::engine
